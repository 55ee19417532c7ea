//! The terminal of this computer: its size, and raw mode that is always given back.

use std::io;

use rustix::termios::{self, OptionalActions, Termios};

/// Raw mode of standard input, until it is dropped.
pub struct RawMode {
    before: Termios,
}

impl RawMode {
    /// Enters raw mode.
    pub fn enter() -> io::Result<Self> {
        let before = termios::tcgetattr(rustix::stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // A terminal that is gone needs no mode.
        let _ = termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Columns and rows.
pub fn size() -> (u32, u32) {
    let size = termios::tcgetwinsize(rustix::stdio::stdin()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    size.map_or((80, 24), |size| (u32::from(size.ws_col), u32::from(size.ws_row)))
}
