//! Where user-space mode is found, and that there is one of it per user: a socket and a lock in a folder that nobody
//! else may enter. Not what is said on the socket (`service.rs`).

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::failure::failure;

const SOCKET: &str = "userspace.sock";
const LOCK: &str = "userspace.lock";

/// Why there is no socket of ours.
#[derive(Debug)]
pub enum Taken {
    /// Another process of this user has it.
    Running,
    /// The folder cannot be used.
    Folder(anyhow::Error),
}

/// The right to listen; ends when it is dropped.
pub struct Owned {
    path: PathBuf,
    _lock: File,
}

impl Owned {
    #[cfg(test)]
    pub fn at(path: PathBuf) -> Self {
        let lock = File::create(path.with_file_name(LOCK)).expect("a folder of the test");
        Self { path, _lock: lock }
    }

    /// The socket's place, which is free.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // It may be gone with the whole runtime folder.
        let _ = fs::remove_file(&self.path);
    }
}

/// The socket of this user.
pub fn path() -> anyhow::Result<PathBuf> {
    let folder = folder(std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from), std::env::temp_dir(), uid());
    private(&folder)?;
    Ok(folder.join(SOCKET))
}

/// Takes the socket for this process.
pub fn own() -> Result<Owned, Taken> {
    let path = path().map_err(Taken::Folder)?;
    own_at(path)
}

fn own_at(path: PathBuf) -> Result<Owned, Taken> {
    let options = File::options().create(true).truncate(false).write(true).open(path.with_file_name(LOCK));
    let lock = options.with_context(|| format!("cannot write beside {}", path.display())).map_err(Taken::Folder)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(Taken::Running),
        Err(fs::TryLockError::Error(error)) => return Err(Taken::Folder(error.into())),
    }
    // Left by a process that was killed: nobody listens there, because the lock is ours.
    let _ = fs::remove_file(&path);
    Ok(Owned { path, _lock: lock })
}

/// The folder: the session's own, or one of ours where everybody may write.
fn folder(runtime: Option<PathBuf>, temporary: PathBuf, uid: u32) -> PathBuf {
    match runtime.filter(|folder| folder.is_absolute()) {
        Some(folder) => folder.join("homeport"),
        None => temporary.join(format!("homeport-{uid}")),
    }
}

/// Makes the folder when it is missing. One that somebody else could enter or replace is not used: tokens are near.
fn private(folder: &Path) -> anyhow::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot make {}", folder.display()));
        }
        _ => {}
    }
    let about = fs::symlink_metadata(folder)?;
    if !about.is_dir() || about.uid() != uid() || about.mode() & 0o077 != 0 {
        return Err(failure(
            format!("{} is not a folder of this user alone", folder.display()),
            "set XDG_RUNTIME_DIR to one that is, or remove it",
        ));
    }
    Ok(())
}

fn uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

#[cfg(test)]
mod tests;
