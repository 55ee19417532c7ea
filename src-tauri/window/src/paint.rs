//! Whether something is to be seen. WebKit's accelerated drawing leaves windows blank on some drivers; then this program
//! starts itself again without it, once, and after that gives up in words.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What WebKit reads.
pub const WITHOUT_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
/// Marks the second try.
pub const SECOND_TRY: &str = "HOMEPORT_WINDOW_SECOND_TRY";
/// Milliseconds that a slow machine may be given instead.
const PATIENCE: &str = "HOMEPORT_WINDOW_PATIENCE";

/// Whether a page of this program was drawn.
#[derive(Default)]
pub struct Paint(AtomicBool);

/// What is done when nothing was drawn in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Start again without accelerated drawing.
    Again,
    /// Say so, and use the browser.
    GiveUp,
}

impl Paint {
    pub fn done(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What to do, given whether this is the second try and whether the variable was set by somebody anyway.
pub fn next(is_second: bool, is_without: bool) -> Next {
    if is_second || is_without { Next::GiveUp } else { Next::Again }
}

/// How long the first page may take.
pub fn patience(variable: impl Fn(&str) -> Option<String>) -> Duration {
    let given = variable(PATIENCE).and_then(|text| text.parse().ok());
    Duration::from_millis(given.unwrap_or(3_000).clamp(100, 120_000))
}

#[cfg(test)]
mod tests;
