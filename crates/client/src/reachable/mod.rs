//! This computer as a workspace of a deployment elsewhere: what is remembered of it, and its daemon seen from outside.
//!
//! ```text
//!   registration.json  which deployment and workspace, paused or not     token  the daemon's, for nobody else
//!   daemon.sock        who is connected (`proto::daemon_report`)         daemon.lock  held while a daemon runs
//! ```
//! Not here: making the workspace, starting the daemon (the command line does both), supervising it (the tray does).

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use proto::daemon_report::{DaemonReport, MAX_LINE};
use proto::id::WorkspaceId;
use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use crate::sessions::file::{make_private_folder, read_short, write_private};

/// The daemon is on this computer and answers at once.
const LIMIT: Duration = Duration::from_secs(2);

/// Where everything about it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    folder: PathBuf,
}

/// What is remembered. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The deployment's URL.
    pub url: String,
    /// The workspace that this computer is there.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Whose it is: who may connect.
    pub owner: String,
    /// The name of its daemon.
    pub daemon: String,
    /// No daemon shall run until the person says so.
    #[serde(default)]
    pub is_paused: bool,
}

/// A daemon that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its process, as the kernel says.
    pub pid: i32,
    /// What it told.
    pub report: DaemonReport,
}

impl Files {
    /// In the person's state folder; `None` without a home. The environment is an argument.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
        Some(Self { folder: state.join("homeport/reachable") })
    }

    /// The folder: the daemon's own logs and scripts are here too.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of the token.
    #[must_use]
    pub fn token(&self) -> PathBuf {
        self.folder.join("token")
    }

    /// The socket at which the daemon says who is connected.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("daemon.sock")
    }

    /// What the daemon says on standard error, beside the other logs.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.with_file_name("reachable.log")
    }

    fn registration(&self) -> PathBuf {
        self.folder.join("registration.json")
    }

    /// What is remembered; `None` when this computer is reachable nowhere.
    ///
    /// # Errors
    /// Those of the file system; `InvalidData` when the file is not understood.
    pub fn load(&self) -> io::Result<Option<Registration>> {
        let Some(text) = read_short(&self.registration())? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Remembers.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&self, registration: &Registration) -> io::Result<()> {
        make_private_folder(&self.folder)?;
        write_private(&self.registration(), &serde_json::to_vec_pretty(registration)?)
    }

    /// Writes the token, readable for its owner only.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save_token(&self, token: &Secret) -> io::Result<()> {
        make_private_folder(&self.folder)?;
        write_private(&self.token(), token.expose().as_bytes())
    }

    /// Forgets the token, then the rest.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn forget(&self) -> io::Result<()> {
        for path in [self.token(), self.registration()] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a daemon runs: its lock is held.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let Ok(lock) = File::open(self.socket().with_extension("lock")) else { return false };
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Asks the daemon; `None` when there is none, or it does not answer.
    pub async fn ask(&self) -> Option<Running> {
        let ask = async {
            let stream = UnixStream::connect(self.socket()).await?;
            let pid = getsockopt(&stream, PeerCredentials)?.pid();
            let mut line = String::new();
            stream.take(MAX_LINE).read_to_string(&mut line).await?;
            let report = serde_json::from_str(&line)?;
            io::Result::Ok(Running { pid, report })
        };
        tokio::time::timeout(LIMIT, ask).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests;
