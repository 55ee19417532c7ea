//! The tunnel of this computer seen from outside: a connection to its Unix socket, requests with deadlines, and the
//! stream of news.
//!
//! ```text
//!  open ── connect, both version lines ──► Tunnel ── call ── request, reply (news that come between are kept)
//!                                                 └─ next ── the next piece of news ──► Picture::apply
//! ```
//!
//! The system tunnel (`homeport-tunnel`) and user-space mode (`homeport connect start --userspace`) speak the same
//! protocol, `proto::ipc`, on different sockets. Not here: what is printed, and who may speak (the service decides).

mod error;
mod picture;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proto::ipc::frame::encode;
use proto::ipc::version::{LINE, MAX_LINE, check};
use proto::ipc::{Call, Event, Frames, FromService, Outcome, Request, SOCKET};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

pub use error::TunnelError;
pub use picture::{DeploymentPicture, Picture};

/// Names another socket than [`SOCKET`].
pub const SOCKET_VARIABLE: &str = "HOMEPORT_TUNNEL_SOCKET";
/// The service answers in microseconds; one that needs longer than this is stuck.
const LIMIT: Duration = Duration::from_secs(5);
/// News that may come before a reply: far more than the whole state of a large service.
const MAX_KEPT: usize = 4096;
/// After the state of a fresh watch, the service is silent for so long at least between two changes.
const QUIET: Duration = Duration::from_millis(60);

/// The socket of the system tunnel; `variable` is the value of [`SOCKET_VARIABLE`].
#[must_use]
pub fn socket(variable: Option<&OsStr>) -> PathBuf {
    variable.filter(|path| !path.is_empty()).map_or_else(|| SOCKET.into(), PathBuf::from)
}

/// A connection to a tunnel. After an error other than [`TunnelError::Refused`] it is of no more use.
pub struct Tunnel {
    stream: UnixStream,
    frames: Frames,
    kept: VecDeque<Event>,
    last_id: u64,
}

impl Tunnel {
    /// Connects and compares versions.
    ///
    /// # Errors
    /// [`TunnelError`], which says what a person can do.
    pub async fn open(path: &Path) -> Result<Self, TunnelError> {
        let stream = timeout(LIMIT, UnixStream::connect(path)).await.map_err(|_| TunnelError::Silent)?;
        Self::greet(stream.map_err(|source| TunnelError::of_connect(path, source))?, path).await
    }

    async fn greet(mut stream: UnixStream, path: &Path) -> Result<Self, TunnelError> {
        let greeted = async {
            match stream.write_all(LINE.as_bytes()).await {
                // Whoever closed before we spoke may have said why, and that is still to be read.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                other => other?,
            }
            read_line(&mut stream).await
        };
        let line = timeout(LIMIT, greeted).await.map_err(|_| TunnelError::Silent)?;
        let line = line.map_err(|source| TunnelError::Lost(Some(source)))?;
        // Whom the service does not want gets a closed socket and no word.
        if line.is_empty() {
            return Err(TunnelError::Denied(path.display().to_string()));
        }
        check(&line)?;
        Ok(Self { stream, frames: Frames::default(), kept: VecDeque::new(), last_id: 0 })
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// [`TunnelError::Refused`] with the service's reason; anything else ends the connection.
    pub async fn call(&mut self, call: Call) -> Result<(), TunnelError> {
        timeout(LIMIT, self.ask(call)).await.map_err(|_| TunnelError::Silent)?
    }

    async fn ask(&mut self, call: Call) -> Result<(), TunnelError> {
        self.last_id += 1;
        let id = self.last_id;
        let request = encode(&Request { id, call })?;
        self.stream.write_all(&request).await.map_err(|source| TunnelError::Lost(Some(source)))?;
        loop {
            match self.receive().await? {
                FromService::Reply(reply) if reply.id == id => {
                    return match reply.outcome {
                        Outcome::Done => Ok(()),
                        Outcome::Refused(fault) => Err(TunnelError::Refused(Box::new(fault))),
                    };
                }
                // The reply to a request that ran into its deadline.
                FromService::Reply(_) => {}
                FromService::Event(event) if self.kept.len() < MAX_KEPT => self.kept.push_back(event),
                FromService::Event(_) => return Err(TunnelError::Silent),
            }
        }
    }

    /// The next piece of news, after [`Call::Watch`]. Cancel safe.
    ///
    /// # Errors
    /// [`TunnelError`] when the connection is over.
    pub async fn next(&mut self) -> Result<Event, TunnelError> {
        loop {
            if let Some(event) = self.kept.pop_front() {
                return Ok(event);
            }
            if let FromService::Event(event) = self.receive().await? {
                return Ok(event);
            }
        }
    }

    /// Begins to watch and returns the whole state as it is now; [`Tunnel::next`] has the changes.
    ///
    /// # Errors
    /// [`TunnelError`].
    pub async fn watch(&mut self) -> Result<Picture, TunnelError> {
        self.call(Call::Watch).await?;
        let mut picture = Picture::default();
        let whole = async {
            picture.apply(self.next().await?);
            // The protocol has no mark for the end of the state; it is sent at once, so a pause is the end.
            while let Ok(event) = timeout(QUIET, self.next()).await {
                picture.apply(event?);
            }
            Ok(())
        };
        // A service whose news never pause has said enough by then.
        timeout(LIMIT, whole).await.unwrap_or(Ok(())).map(|()| picture)
    }

    /// Cancel safe: what was read is in `frames`.
    async fn receive(&mut self) -> Result<FromService, TunnelError> {
        loop {
            if let Some(message) = self.frames.take()? {
                return Ok(message);
            }
            let mut bytes = [0; 8192];
            match self.stream.read(&mut bytes).await {
                Ok(0) => return Err(TunnelError::Lost(None)),
                Ok(length) => self.frames.push(&bytes[..length]),
                Err(source) => return Err(TunnelError::Lost(Some(source))),
            }
        }
    }
}

impl std::fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnel").field("last_id", &self.last_id).finish_non_exhaustive()
    }
}

/// Reads to the newline and never past it: frames follow at once. Empty when the other side closes first.
async fn read_line(stream: &mut UnixStream) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(MAX_LINE);
    while line.last() != Some(&b'\n') && line.len() < MAX_LINE {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(0) => break,
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error),
        }
    }
    Ok(line)
}
