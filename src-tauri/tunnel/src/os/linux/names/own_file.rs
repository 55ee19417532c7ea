//! Files of the system that carry our marker: replaced whole or not at all, removed only when they are ours. No link is
//! followed.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// More of a configuration file is not read.
const MAX_FILE: u64 = 1 << 20;

/// Reads a plain file with one name.
///
/// # Errors
/// It is a link, has a second name, is longer than a configuration file, or is no text.
pub fn read(path: &Path) -> io::Result<String> {
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.nlink() != 1 || metadata.len() > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} is no plain file", path.display())));
    }
    let mut text = String::new();
    file.take(MAX_FILE).read_to_string(&mut text)?;
    Ok(text)
}

/// Puts a file in place of another, with its owner if there was one.
///
/// # Errors
/// The folder cannot be written to; the old file is untouched.
pub fn replace(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let new = beside(path);
    // What a killed run left beside it is ours by its name.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let old = std::fs::symlink_metadata(path).ok();
    let flags = nix::libc::O_NOFOLLOW;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).custom_flags(flags).open(&new)?;
    let written = file
        .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
        .and_then(|()| old.map_or(Ok(()), |old| fchown(&file, Some(old.uid()), Some(old.gid()))))
        .and_then(|()| file.write_all(text))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Removes a file that begins with our marker. Whether there was one.
///
/// # Errors
/// It cannot be removed.
pub fn remove(path: &Path, marker: &str) -> io::Result<bool> {
    if !read(path).is_ok_and(|text| text.starts_with(marker)) {
        return Ok(false);
    }
    std::fs::remove_file(path).map(|()| true)
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.homeport-new"))
}
