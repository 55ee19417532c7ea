//! The clipboard: `wl-copy` under Wayland where it is installed, else X11, whose owner stays this process.

use std::process::Stdio;
use std::time::Duration;

use client::installed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Longest text that is read.
const MOST: usize = 4 * 1024;
/// Whoever has the text and does not give it by then has none.
const LIMIT: Duration = Duration::from_secs(5);

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
        if let Some(program) = by_wayland("wl-copy") {
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

/// The text in the clipboard; an empty one for none, and for one that is longer than [`MOST`].
///
/// # Errors
/// A sentence for people.
pub async fn paste() -> Result<String, String> {
    let late = || "The clipboard does not answer".to_owned();
    if let Some(program) = by_wayland("wl-paste") {
        let read = tokio::time::timeout(LIMIT, said_by(program)).await.map_err(|_| late())?;
        let read = read.map_err(|error| format!("The clipboard cannot be read ({error})"))?;
        return Ok(short(String::from_utf8(read).unwrap_or_default()));
    }
    // It waits for whoever has the text.
    let read = tokio::task::spawn_blocking(|| match arboard::Clipboard::new()?.get_text() {
        Err(arboard::Error::ContentNotAvailable) => Ok(String::new()),
        read => read,
    });
    let read = tokio::time::timeout(LIMIT, read).await.map_err(|_| late())?.map_err(|_| late())?;
    read.map(short).map_err(|error| format!("The clipboard cannot be read ({error})"))
}

/// No more than shows that it is too long: somebody may have copied a film.
async fn said_by(program: std::path::PathBuf) -> std::io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.arg("--no-newline").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let (mut child, mut read) = (command.spawn()?, Vec::new());
    if let Some(said) = child.stdout.take() {
        said.take(MOST as u64 + 1).read_to_end(&mut read).await?;
    }
    Ok(read)
}

fn short(text: String) -> String {
    if text.len() > MOST { String::new() } else { text }
}

/// Empties it, if this text is still in it.
pub async fn forget(text: &str) {
    if paste().await.is_ok_and(|now| now == text) {
        if let Some(program) = by_wayland("wl-copy") {
            let mut command = Command::new(program);
            command.arg("--clear").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let _ = tokio::time::timeout(LIMIT, command.kill_on_drop(true).status()).await;
        } else {
            let _ = tokio::task::spawn_blocking(|| arboard::Clipboard::new()?.clear()).await;
        }
    }
}

/// The program for it, where the session is one of Wayland.
fn by_wayland(name: &str) -> Option<std::path::PathBuf> {
    std::env::var_os("WAYLAND_DISPLAY").filter(|value| !value.is_empty())?;
    installed::other(name)
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
