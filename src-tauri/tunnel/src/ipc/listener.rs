//! The socket in its folder: made so that nobody but its group can even reach it, and asked for the kernel's word on
//! every caller.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

use crate::journal::is_replaceable;
use crate::os::peer;
use crate::owner::Credentials;

/// The folder: root and the group may go in.
const FOLDER_MODE: u32 = 0o750;
/// While the socket is being made nobody else may go in.
const MAKING_MODE: u32 = 0o700;
/// The socket: root and the group may connect.
const SOCKET_MODE: u32 = 0o660;

/// After a failure of [`Listener::accept`] that may pass: file descriptors run out for seconds, not for microseconds.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The folder is not ours alone.
    #[error("the folder {} of the socket {what}; remove it, or choose another with --socket", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Something that is no socket has its name.
    #[error("{} is there already and is no socket; remove it", .0.display())]
    Taken(PathBuf),
    /// Another service listens.
    #[error("another homeport-tunnel listens on {}", .0.display())]
    Running(PathBuf),
    /// The system refused.
    #[error("cannot {doing} {}", .path.display())]
    Io {
        /// What we were doing.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// See the module. The socket is removed when it is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

impl Listener {
    /// Listens; `group` (a number) may connect, besides root.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn bind(path: &Path, group: Option<u32>) -> Result<Self, ListenError> {
        let fail = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| ListenError::Io { doing, path, source }
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        prepare(folder)?;
        set_mode(folder, MAKING_MODE).map_err(fail("close the folder", folder))?;
        remove_old(path)?;
        let socket = UnixListener::bind(path).map_err(fail("listen on", path))?;
        let listener = Self { socket, path: path.to_owned() };
        if let Some(group) = group {
            give(path, group).map_err(fail("give to the group", path))?;
            give(folder, group).map_err(fail("give to the group", folder))?;
        }
        set_mode(path, SOCKET_MODE).map_err(fail("open to the group", path))?;
        set_mode(folder, FOLDER_MODE).map_err(fail("open to the group", folder))?;
        Ok(listener)
    }

    /// Lets these users reach the socket, besides root and the group, and nobody who was let before. Whether they are
    /// heard is decided when they come.
    ///
    /// # Errors
    /// The file system has no access lists.
    pub fn admit(&self, users: &BTreeSet<u32>) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        crate::os::admit(&self.path, users)?;
        crate::os::admit(folder, users)
    }

    /// The next caller that the kernel vouches for. Cancel safe.
    ///
    /// # Errors
    /// The listening socket's, when it is of no use any more.
    pub async fn accept(&self) -> io::Result<(UnixStream, Credentials)> {
        loop {
            let stream = match self.socket.accept().await {
                Ok((stream, _)) => stream,
                Err(error) if is_passing(&error) => {
                    tracing::warn!(%error, "a caller could not be let in");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match peer::credentials(&stream) {
                Ok(credentials) => return Ok((stream, credentials)),
                // Without the kernel's word there is nobody: closed.
                Err(error) => tracing::debug!(%error, "a caller without credentials"),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A name that stays is found and removed by the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A folder that only we can write to. What others may have planted there is refused, not followed.
fn prepare(folder: &Path) -> Result<(), ListenError> {
    let wrong = |what| ListenError::Folder { folder: folder.to_owned(), what };
    let fail = |source| ListenError::Io { doing: "make the folder", path: folder.to_owned(), source };
    if is_replaceable(folder).map_err(fail)? {
        return Err(wrong("can be replaced by others, who may write to the folder around it"));
    }
    match std::fs::symlink_metadata(folder) {
        Ok(found) if !found.is_dir() => Err(wrong("is no folder")),
        Ok(found) if found.uid() != nix::unistd::geteuid().as_raw() => Err(wrong("belongs to another user")),
        Ok(found) if found.mode() & 0o022 != 0 => Err(wrong("can be written by others")),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::DirBuilder::new().mode(MAKING_MODE).create(folder).map_err(fail)
        }
        Err(error) => Err(fail(error)),
    }
}

/// Removes the socket of a service that did not end by itself.
fn remove_old(path: &Path) -> Result<(), ListenError> {
    let fail = |source| ListenError::Io { doing: "remove the old", path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fail(error)),
        Ok(found) if !found.file_type().is_socket() => Err(ListenError::Taken(path.to_owned())),
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => Err(ListenError::Running(path.to_owned())),
        Ok(_) => std::fs::remove_file(path).map_err(fail),
    }
}

/// To the group. The unit forbids `chown`; there the files have its group from the start.
fn give(path: &Path, group: u32) -> io::Result<()> {
    if std::fs::symlink_metadata(path)?.gid() == group {
        return Ok(());
    }
    chown(path, None, Some(group))
}

/// Whether the socket itself is well: the caller has left, or the system has nothing to give just now.
fn is_passing(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let passing = [Errno::ECONNABORTED, Errno::EINTR, Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM];
    error.raw_os_error().is_some_and(|code| passing.contains(&Errno::from_raw(code)))
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}
