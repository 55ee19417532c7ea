//! The data folder: made private, locked against a second server, refused with a plain sentence.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why the data folder cannot be used. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the data folder {} is not there. Make it, or name another with --data-dir", .0.display())]
    Missing(PathBuf),
    #[error("the data folder {} cannot be written: check its owner and permissions", .0.display())]
    ReadOnly(PathBuf),
    #[error("another homeport-server uses the data folder {}. Stop it, or name another folder with --data-dir", .0.display())]
    Locked(PathBuf),
    #[error("the disk with the data folder {} is full", .0.display())]
    Full(PathBuf),
    #[error("the data folder {} cannot be used: {source}", .path.display())]
    Other { path: PathBuf, source: std::io::Error },
}

/// The folder, ours until this is dropped.
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder; makes it, and with `parents` all above it, when it is not there.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn take(path: &Path, parents: bool) -> Result<Self, FolderError> {
        let say = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => FolderError::Missing(path.to_owned()),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FolderError::ReadOnly(path.to_owned()),
            ErrorKind::StorageFull => FolderError::Full(path.to_owned()),
            _ => FolderError::Other { path: path.to_owned(), source: error },
        };
        match DirBuilder::new().mode(0o700).recursive(parents).create(path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(say(error)),
            _ => {}
        }
        let path = path.canonicalize().map_err(say)?;
        let mut open = OpenOptions::new();
        open.create(true).truncate(false).write(true).mode(0o600);
        let lock = open.open(path.join("lock")).map_err(say)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(FolderError::Locked(path)),
            Err(TryLockError::Error(error)) => Err(say(error)),
        }
    }

    /// Where it is, without links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests;
