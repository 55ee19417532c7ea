//! The logs of the workspace daemons that this computer's own server started: the newest first, within a limit for all of
//! them together. Only what the daemons themselves said: what scripts and programs write is their people's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use client::sessions::file::read_short;
use uuid::Uuid;

use super::archive::Part;
use super::logs::{MAX_LOG, tail};

/// So much of all of them together: they must not make the bundle too large for a mail.
const MAX_ALL: u64 = 1024 * 1024;
/// Less than this of a log says nothing.
const LEAST: u64 = 4096;
/// Logs that are taken.
const MAX_LOGS: usize = 16;
/// Folders of workspaces that are looked at: deleted ones leave theirs behind.
const MAX_FOLDERS: usize = 4096;

/// The folder of a workspace with a daemon's log in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    folder: PathBuf,
    workspace: Uuid,
    /// When the daemon last said something.
    said: SystemTime,
}

impl Hosted {
    fn log(&self) -> PathBuf {
        self.folder.join("daemon.log")
    }

    /// The daemon's token, to be masked.
    pub fn token(&self) -> Option<String> {
        let text = read_short(&self.folder.join("agent-token")).ok()??;
        Some(text.trim().to_owned())
    }
}

/// The daemons of the server with this data folder, who spoke last first.
pub fn of_server(data_folder: &Path) -> Vec<Hosted> {
    let Ok(entries) = fs::read_dir(data_folder.join("workspaces")) else { return Vec::new() };
    let folders = entries.filter_map(Result::ok).take(MAX_FOLDERS);
    let mut found: Vec<Hosted> = folders
        .filter_map(|entry| {
            let workspace = entry.file_name().to_str().and_then(|name| name.parse().ok())?;
            // A link could lead anywhere.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let hosted = Hosted { folder: entry.path(), workspace, said: SystemTime::UNIX_EPOCH };
            let said = hosted.log().symlink_metadata().ok().and_then(|about| about.modified().ok());
            said.filter(|_| is_folder).map(|said| Hosted { said, ..hosted })
        })
        .collect();
    found.sort_by_key(|hosted| (std::cmp::Reverse(hosted.said), hosted.workspace));
    found
}

/// Their logs, and how many were left out. The id of the workspace stands on top of each, as in the summary.
pub fn parts(hosted: &[Hosted]) -> (Vec<Part>, usize) {
    let mut left = MAX_ALL;
    let mut parts = Vec::new();
    for (number, one) in hosted.iter().take(MAX_LOGS).enumerate() {
        if left < LEAST {
            break;
        }
        // A log that cannot be read is news as well.
        let log = tail(&one.log(), MAX_LOG.min(left)).unwrap_or_else(|error| format!("cannot be read: {error}\n"));
        left = left.saturating_sub(log.len() as u64);
        parts.push(Part {
            name: format!("logs/daemon-{}.log", number + 1),
            text: format!("(workspace {})\n{log}", one.workspace),
        });
    }
    let out = hosted.len() - parts.len();
    (parts, out)
}

#[cfg(test)]
mod tests;
