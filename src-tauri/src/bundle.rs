//! The support bundle from the menu: `homeport support bundle` packs it, where people find their downloads.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use client::sessions::file::read_short;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::event::Event;
use crate::label::{harmless, shorten};

/// It asks everything that runs, each with a limit of its own.
const LIMIT: Duration = Duration::from_secs(120);

/// Packs it and says where it is, or why there is none.
pub fn make(program: PathBuf, folder: PathBuf, events: mpsc::Sender<Event>) {
    tokio::spawn(async move {
        let made = pack(&program, &folder).await;
        let _ = events.send(Event::Bundled(made)).await;
    });
}

async fn pack(program: &Path, folder: &Path) -> Result<PathBuf, String> {
    let mut command = Command::new(program);
    command.args(["support", "bundle"]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("homeport cannot be started: {error}")),
        Err(_) => return Err("it took too long".into()),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find_map(|line| line.strip_prefix("homeport: ")).unwrap_or("it says no reason");
        return Err(shorten(&harmless(last), 200));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let path = PathBuf::from(said.trim());
    if path.is_absolute() { Ok(path) } else { Err("it does not say where the bundle is".into()) }
}

/// The folder of downloads as the desktop names it, or the home folder.
pub fn folder(config: &Path, home: &Path) -> PathBuf {
    let named = read_short(&config.join("user-dirs.dirs")).ok().flatten();
    let downloads = named.and_then(|text| downloads_in(&text, home)).unwrap_or_else(|| home.join("Downloads"));
    if downloads.is_dir() { downloads } else { home.to_owned() }
}

/// A line: `XDG_DOWNLOAD_DIR="$HOME/Downloads"`.
fn downloads_in(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("XDG_DOWNLOAD_DIR="))?.trim().trim_matches('"');
    let path = match value.strip_prefix("$HOME") {
        Some(rest) => home.join(rest.trim_start_matches('/')),
        None => PathBuf::from(value),
    };
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests;
