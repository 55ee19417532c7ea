//! Small private files: written whole or not at all, readable by their owner only. Not for anything large.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Longest file read here: a URL or a token, with room.
const MAX_LENGTH: u64 = 16 * 1024;

/// Makes a folder (and its parents) that only its owner may enter. An existing one is left as it is.
///
/// # Errors
/// Those of the file system.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Replaces a file in one step; its mode is 0600 from the first byte on.
///
/// # Errors
/// Those of the file system. The old file is then untouched.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    #[cfg(test)]
    super::tests::may_go_on()?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let half = path.with_file_name(format!(".{name}.{}", std::process::id()));
    // Left over by a process of the same number that was killed here.
    let _ = fs::remove_file(&half);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&half, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&half);
    }
    written
}

/// Removes a file.
///
/// # Errors
/// Those of the file system, also when there is none.
pub fn remove(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    super::tests::may_go_on()?;
    fs::remove_file(path)
}

/// A file to hold on to, made when it is not there.
pub(super) fn open_private(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// The text of a short file; `None` when there is none.
///
/// # Errors
/// Those of the file system, and `InvalidData` for one that is too long or no text.
pub fn read_short(path: &Path) -> io::Result<Option<String>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MAX_LENGTH + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_LENGTH {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is too long"));
    }
    Ok(Some(text))
}
