//! One program per user: a lock and a socket in a private folder. A second start hands its words to the first.
//!
//! The wire: one line, at most [`Seat::max_line`] bytes; the answer is `ok\n`, or a sentence that says why not. What the
//! line means is the program's own. The kernel is asked who connects.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::sessions::file::make_private_folder;

/// Between two tries at a first one that has its lock and not yet its socket, or at a listener in trouble.
const AGAIN: Duration = Duration::from_millis(20);
/// Longest answer.
const MAX_ANSWER: u64 = 4 * 1024;

/// Where starts of one program meet.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Its name for people.
    pub program: &'static str,
    /// Private to the user; made where it is missing.
    pub folder: PathBuf,
    /// Its files there are `<stem>.lock` and `<stem>.sock`.
    pub stem: &'static str,
    /// Longest line, bytes.
    pub max_line: u64,
    /// How long an answer may take. Both sides are on this computer.
    pub limit: Duration,
}

/// Who we are.
pub enum Instance {
    /// The one that runs.
    First(First),
    /// The words were handed over.
    Second,
}

/// The right to be the one; ends with the process.
pub struct First {
    seat: Seat,
    listener: UnixListener,
    _lock: File,
}

impl Seat {
    fn file(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.stem))
    }

    /// Becomes the first, or hands the line over. The line has no end of line in it.
    ///
    /// # Errors
    /// A sentence for people; what the first answered, where it refused.
    pub async fn take(self, line: &str) -> Result<Instance, String> {
        let wrong = |error: std::io::Error| format!("cannot use {}: {error}", self.folder.display());
        make_private_folder(&self.folder).map_err(wrong)?;
        let lock = File::options().create(true).truncate(false).write(true).open(self.file("lock")).map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return self.hand_over(line).await,
            Err(TryLockError::Error(error)) => return Err(wrong(error)),
        }
        let listener = bind_anew(&self.file("sock")).map_err(wrong)?;
        Ok(Instance::First(First { seat: self, listener, _lock: lock }))
    }

    async fn hand_over(&self, line: &str) -> Result<Instance, String> {
        let line = format!("{line}\n");
        let socket = self.file("sock");
        let handed = async {
            // The first one may have taken its lock and not yet its socket.
            let mut stream = loop {
                match UnixStream::connect(&socket).await {
                    Ok(stream) => break stream,
                    Err(_) => tokio::time::sleep(AGAIN).await,
                }
            };
            stream.write_all(line.as_bytes()).await?;
            let mut answer = String::new();
            stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        match timeout(self.limit, handed).await {
            Ok(Ok(answer)) if answer == "ok\n" => Ok(Instance::Second),
            Ok(Ok(why)) if !why.is_empty() => Err(why.trim_end().to_owned()),
            _ => Err(format!("{} runs already but does not answer; end it and try again", self.program)),
        }
    }
}

impl First {
    /// Takes the lines of later starts for as long as the program runs. `hear` does what one asks or says why not; a line
    /// that it does not understand (`None`) is not answered, and a stranger is not heard.
    pub async fn listen<F>(self, hear: impl Fn(String) -> F)
    where
        F: Future<Output = Option<Result<(), String>>>,
    {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            // One at a time: a start is over in milliseconds.
            let _ = timeout(self.seat.limit, heard(stream, self.seat.max_line, &hear)).await;
        }
    }
}

async fn heard<F>(mut stream: UnixStream, max_line: u64, hear: &impl Fn(String) -> F) -> std::io::Result<()>
where
    F: Future<Output = Option<Result<(), String>>>,
{
    if !is_ours(&stream) {
        return Ok(());
    }
    let mut line = String::new();
    let (read, mut write) = stream.split();
    BufReader::new(read.take(max_line)).read_line(&mut line).await?;
    let Some(answer) = hear(line).await else { return Ok(()) };
    let answer = answer.map_or_else(|why| format!("{why}\n"), |()| "ok\n".into());
    write.write_all(answer.as_bytes()).await
}

/// Binds a socket in a private folder, for a program that is known to be the only one: whatever is there was left by one
/// that was killed.
///
/// # Errors
/// Those of the socket.
pub fn bind_anew(socket: &Path) -> std::io::Result<UnixListener> {
    let _ = std::fs::remove_file(socket);
    UnixListener::bind(socket)
}

/// Whether a program of this user is on the other side, as the kernel says.
#[must_use]
pub fn is_ours(stream: &UnixStream) -> bool {
    getsockopt(stream, PeerCredentials).is_ok_and(|peer| peer.uid() == nix::unistd::geteuid().as_raw())
}

/// The folder for sockets of the user's programs: of the session, else the one for state, which is private as well.
/// `None` without a home folder. The environment is an argument.
#[must_use]
pub fn folder(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = || Some(set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?.join("homeport"));
    set("XDG_RUNTIME_DIR").map(|folder| folder.join("homeport")).or_else(state)
}

#[cfg(test)]
mod tests;
