//! `/etc/resolv.conf`, only when the administrator asked for it: our server in front, the others as they were. Programs
//! ask ours first; what is not ours it refuses, and they go on to the next.

#[cfg(test)]
mod tests;

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use proto::address::DNS_SERVER;

use super::own_file;
use crate::journal::open_private;

/// The file.
const FILE: &str = "/etc/resolv.conf";
/// Name of the copy in the state folder.
const BACKUP: &str = "resolv.conf.backup";
const MARKER: &str = "# The next line is homeport-tunnel's, which removes both when it stops.";

/// The file and the copy of it.
#[derive(Debug)]
pub struct ResolvConf {
    file: PathBuf,
    backup: PathBuf,
}

impl ResolvConf {
    /// The system's file.
    pub fn new(state_dir: &Path) -> Self {
        Self { file: PathBuf::from(FILE), backup: state_dir.join(BACKUP) }
    }

    /// Whether our lines are in front.
    pub fn is_told(&self) -> bool {
        own_file::read(&self.file).is_ok_and(|text| text.starts_with(&block()))
    }

    /// Puts our lines in front.
    ///
    /// # Errors
    /// The file is a link or a mount of its own, so somebody manages it; or it cannot be written.
    pub fn tell(&self) -> io::Result<()> {
        if is_mount(&self.file) {
            return Err(refused("is mounted from elsewhere"));
        }
        let text = own_file::read(&self.file).map_err(|error| refused(&format!("is not ours to change: {error}")))?;
        if text.starts_with(&block()) {
            return Ok(());
        }
        let clean = without_block(&text);
        save(&self.backup, &clean)?;
        let mode = std::fs::symlink_metadata(&self.file)?.mode() & 0o777;
        own_file::replace(&self.file, format!("{}{clean}", block()).as_bytes(), mode)
    }

    /// Takes our lines out. What others wrote meanwhile stays.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn untell(&self) -> io::Result<()> {
        if let Ok(text) = own_file::read(&self.file)
            && text.contains(MARKER)
        {
            let mode = std::fs::symlink_metadata(&self.file)?.mode() & 0o777;
            own_file::replace(&self.file, without_block(&text).as_bytes(), mode)?;
        }
        match std::fs::remove_file(&self.backup) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn block() -> String {
    format!("{MARKER}\nnameserver {DNS_SERVER}\n")
}

/// The text without our lines, wherever somebody moved them.
fn without_block(text: &str) -> String {
    let ours = format!("nameserver {DNS_SERVER}");
    let mut clean = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.trim_end() != MARKER && line.trim_end() != ours {
            clean.push_str(line);
        }
    }
    clean
}

/// A copy for the person who finds the machine after we could not restore it.
fn save(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let mut file = open_private(path)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn is_mount(path: &Path) -> bool {
    // Fields are separated by spaces; the fifth is the mount point.
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return true };
    mounts.lines().any(|line| line.split(' ').nth(4).is_some_and(|point| Path::new(point) == path))
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("{FILE} {why}"))
}
