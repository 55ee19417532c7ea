//! Tells the person whose computer this is who is connected: a Unix socket for its owner only (`proto::daemon_report`).
//! One daemon per socket: a lock beside it says whose it is. Not for the server, and nothing is done here.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mesh::driver::MeshStatus;
use proto::daemon_report::{DaemonReport, MAX_PORTS, MAX_SESSIONS, OpenPort, OpenSession};
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};

use crate::control::State;
use crate::network::Network;
use crate::session::{Open, SessionKind};

/// A reader that takes longer to take one line is gone.
const LIMIT: Duration = Duration::from_secs(5);
/// Ports below are the daemon's own; sessions are told in their place.
const OWN: [u16; 5] = [1, 2, 3, 4, 22];

/// The right to answer at a socket; it ends with the process.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    listener: std::os::unix::net::UnixListener,
    _lock: File,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Its lock is held.
    #[error("another workspace daemon reports at {0}, so this one stops; end the other one first")]
    Taken(PathBuf),
    /// The file system.
    #[error("the socket for reports cannot be made at {0}")]
    Io(PathBuf, #[source] io::Error),
}

impl Claim {
    /// Takes a socket for this process.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub fn take(path: &Path) -> Result<Self, ClaimError> {
        let wrong = |error| ClaimError::Io(path.to_owned(), error);
        let folder = path.parent().unwrap_or(Path::new("/"));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(wrong)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.with_extension("lock"));
        let lock = lock.map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ClaimError::Taken(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
        }
        // Left by one that was killed: the lock is ours.
        let _ = fs::remove_file(path);
        let listener = std::os::unix::net::UnixListener::bind(path).map_err(wrong)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(wrong)?;
        listener.set_nonblocking(true).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), listener, _lock: lock })
    }

    /// Answers for as long as it is polled.
    pub async fn answer<N: Network>(&self, state: &Arc<State<N>>) {
        let listener = self.listener.try_clone().and_then(UnixListener::from_std);
        let listener = match listener {
            Ok(listener) => listener,
            Err(error) => return tracing::warn!(%error, path = %self.path.display(), "nobody is told who is connected"),
        };
        loop {
            match listener.accept().await {
                // One after the other: who asks gets one line.
                Ok((stream, _)) => {
                    let _ = tokio::time::timeout(LIMIT, tell(stream, state)).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "a question was not taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

async fn tell<N: Network>(mut stream: UnixStream, state: &Arc<State<N>>) -> io::Result<()> {
    let seen = look(&state.context.open_sessions(), &state.network.status().await);
    let report = DaemonReport {
        server: state.config.access_url.to_string(),
        is_connected: *state.connected.borrow(),
        problem: state.problem.borrow().clone(),
        ..seen
    };
    let mut line = serde_json::to_vec(&report)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.shutdown().await
}

/// Sessions and ports of one look.
fn look(open: &[Open], status: &MeshStatus) -> DaemonReport {
    let sessions = open.iter().take(MAX_SESSIONS).map(|session| OpenSession {
        kind: word(session.kind).to_owned(),
        since: session.since.unix_timestamp(),
        from: session.ip,
    });
    let others = status.tcp_ports.iter().filter(|(port, _)| !OWN.contains(port));
    let ports = others.take(MAX_PORTS).map(|(port, connections)| OpenPort { port: *port, connections: *connections });
    DaemonReport { sessions: sessions.collect(), ports: ports.collect(), ..DaemonReport::default() }
}

const fn word(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Ssh => "ssh",
        SessionKind::VsCode => "vscode",
        SessionKind::JetBrains => "jetbrains",
        SessionKind::ReconnectingPty => "terminal",
    }
}

#[cfg(test)]
mod tests;
