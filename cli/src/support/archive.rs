//! The archive of a bundle: some texts as `tar.gz`, for its owner only, never over something that is there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

/// One file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its path inside, as `logs/server.log`.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Writes the archive; its parts are in one folder, in their order, all of `time` (seconds since 1970).
///
/// # Errors
/// Those of the file system; `AlreadyExists` when something is there. Nothing half is left.
pub fn write(path: &Path, folder: &str, parts: &[Part], time: u64) -> io::Result<()> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let written = pack(file, folder, parts, time).and_then(|file| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// The bytes of the archive.
///
/// # Errors
/// The writer's.
pub fn pack<W: Write>(to: W, folder: &str, parts: &[Part], time: u64) -> io::Result<W> {
    let mut archive = tar::Builder::new(GzEncoder::new(to, Compression::default()));
    for part in parts {
        let mut head = tar::Header::new_gnu();
        head.set_size(part.text.len() as u64);
        head.set_mode(0o600);
        head.set_mtime(time);
        archive.append_data(&mut head, format!("{folder}/{}", part.name), part.text.as_bytes())?;
    }
    archive.into_inner()?.finish()
}

#[cfg(test)]
pub mod tests;
