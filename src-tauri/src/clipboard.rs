//! The clipboard: `wl-copy` under Wayland where it is installed, else X11, whose owner stays this process.

use std::process::Stdio;

use client::installed;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The clipboard of this session.
#[derive(Default)]
pub struct Clipboard {
    /// Kept: with X11 the text lives as long as its owner.
    x11: Option<arboard::Clipboard>,
}

impl Clipboard {
    /// Puts a text into the clipboard.
    ///
    /// # Errors
    /// A sentence for people.
    pub fn copy(&mut self, text: &str) -> Result<(), String> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if variable("WAYLAND_DISPLAY").is_some()
            && let Some(program) = installed::other("wl-copy")
        {
            by_program(program, text.to_owned());
            return Ok(());
        }
        if let Some(clipboard) = &mut self.x11
            && clipboard.set_text(text).is_ok()
        {
            return Ok(());
        }
        // The display may be another one by now.
        self.x11 = None;
        let mut clipboard = arboard::Clipboard::new().map_err(|error| refused(text, &error))?;
        clipboard.set_text(text).map_err(|error| refused(text, &error))?;
        self.x11 = Some(clipboard);
        Ok(())
    }
}

fn refused(text: &str, error: &arboard::Error) -> String {
    format!("The clipboard cannot be used ({error}). The text was: {text}")
}

fn by_program(program: std::path::PathBuf, text: String) {
    tokio::spawn(async move {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else { return };
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(text.as_bytes()).await;
        }
        let _ = child.wait().await;
    });
}
