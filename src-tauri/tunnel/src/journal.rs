//! What we did to the machine, on disk before it is done, so that the next run can undo what a killed one left.
//! Not here: what the steps are (`plan`), how they are undone (`os`).
//!
//! One line per event, JSON: `{"did":<step>}` before a step, `{"undid":<step>}` after its undo. A line without its end
//! was never acknowledged, so its step was never begun. An empty file: nothing of ours is on the machine.

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::plan::Step;

/// The file in the state folder.
const FILE: &str = "journal";
/// More is not read: a year of reconnects fits, and the file is emptied whenever nothing is left to undo.
const MAX_FILE: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Did(Step),
    Undid(Step),
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    pending: Vec<Step>,
}

impl Journal {
    /// Opens or makes the journal in the state folder, which is made when it is missing.
    ///
    /// # Errors
    /// The folder or the file is not safe: a link, another's, or writable for others. Nothing is changed then.
    pub fn open(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        let mut file = open_private(&folder.join(FILE))?;
        let mut text = Vec::new();
        (&mut file).take(MAX_FILE).read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let pending = replay(&text[..whole]);
        // What follows the last line end is torn; new lines must not be glued to it.
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file, pending })
    }

    /// What was begun and not undone, oldest first.
    #[must_use]
    pub fn pending(&self) -> &[Step] {
        &self.pending
    }

    /// Writes down that these steps are about to be done. After this returns they may be done.
    ///
    /// # Errors
    /// The disk does not take it; the steps must not be done.
    pub fn begin(&mut self, steps: &[Step]) -> io::Result<()> {
        let new: Vec<Step> = steps.iter().filter(|step| !self.pending.contains(step)).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        self.append(&new.iter().copied().map(Line::Did).collect::<Vec<_>>())?;
        self.pending.extend(new);
        Ok(())
    }

    /// Writes down that these steps are undone.
    ///
    /// # Errors
    /// The disk does not take it; they will be undone once more by the next run, which is harmless.
    pub fn undone(&mut self, steps: &[Step]) -> io::Result<()> {
        let known: Vec<Step> = steps.iter().filter(|step| self.pending.contains(step)).copied().collect();
        if known.is_empty() {
            return Ok(());
        }
        self.pending.retain(|step| !known.contains(step));
        if !self.pending.is_empty() {
            return self.append(&known.into_iter().map(Line::Undid).collect::<Vec<_>>());
        }
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.sync_data()
    }

    fn append(&mut self, lines: &[Line]) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        let before = self.file.stream_position()?;
        let written = self.file.write_all(&text).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // Half a line must not stay in front of the next one.
            self.file.set_len(before)?;
            self.file.seek(SeekFrom::Start(before))?;
        }
        written
    }
}

/// The steps that lines leave to be undone. A line that is not ours is passed over: undoing what we understand is
/// better than undoing nothing.
fn replay(text: &[u8]) -> Vec<Step> {
    let mut pending = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(Line::Did(step)) if !pending.contains(&step) => pending.push(step),
            Ok(Line::Did(_)) => {}
            Ok(Line::Undid(step)) => pending.retain(|other| *other != step),
            Err(error) => tracing::warn!(%error, "a line of the journal is damaged; it is passed over"),
        }
    }
    pending
}

fn make_folder(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o750).create(folder)?;
    if is_replaceable(folder)? {
        return Err(refused(folder, "can be replaced by others, who may write to the folder around it"));
    }
    let me = nix::unistd::geteuid().as_raw();
    // systemd puts a link of its own in front of the state of a dynamic user; nobody else's link is followed.
    let link = std::fs::symlink_metadata(folder)?;
    if link.is_symlink() && ![0, me].contains(&link.uid()) {
        return Err(refused(folder, "is another user's link"));
    }
    let metadata = std::fs::metadata(folder)?;
    if metadata.uid() != me {
        return Err(refused(folder, "belongs to another user"));
    }
    if metadata.permissions().mode() & 0o022 != 0 {
        return Err(refused(folder, "is writable for others"));
    }
    Ok(())
}

/// Whether somebody besides root and us can put another folder in the place of this one. Where names are sticky (as in
/// `/tmp`), only whoever made one can.
///
/// # Errors
/// The folder around it is not there.
pub fn is_replaceable(folder: &Path) -> io::Result<bool> {
    let around = folder.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = std::fs::metadata(around)?;
    let (mode, me) = (found.permissions().mode(), nix::unistd::geteuid().as_raw());
    Ok(![0, me].contains(&found.uid()) || (mode & 0o022 != 0 && mode & 0o1000 == 0))
}

/// Opens a file of ours for reading and writing; makes it when it is missing. No link is followed.
///
/// # Errors
/// It is not a plain file of ours alone.
pub fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_CLOEXEC | nix::libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(refused(path, "is not a plain file"));
    }
    if metadata.uid() != nix::unistd::geteuid().as_raw() || metadata.nlink() != 1 {
        return Err(refused(path, "has another owner or a second name"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {why}", path.display()))
}
