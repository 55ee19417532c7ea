//! One program per user: a lock and a socket in the runtime folder. A second start hands its words to the first, which
//! shows what was wanted.
//!
//! The wire: one line of JSON ([`Arguments`]), at most [`MAX_LINE`] bytes; the answer is `ok\n`, or a sentence that says why
//! not. The folder is private to its user, and the kernel is asked who connects.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use client::sessions::file::make_private_folder;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use crate::arguments::Arguments;

const SOCKET: &str = "window.sock";
const LOCK: &str = "window.lock";
const MAX_LINE: u64 = 16 * 1024;
/// Both sides are on this computer; a keyring may have to be asked.
const LIMIT: Duration = Duration::from_secs(20);

/// Who we are.
pub enum Instance {
    First(First),
    /// The words were handed over.
    Second,
}

/// The right to be the one; ends with the process.
pub struct First {
    listener: UnixListener,
    _lock: File,
}

/// The folder for sockets: of the session, else the one for state, which is ours alone as well.
pub fn folder(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = || Some(set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?.join("homeport"));
    set("XDG_RUNTIME_DIR").map(|folder| folder.join("homeport")).or_else(state)
}

/// Becomes the first, or hands over.
///
/// # Errors
/// A sentence for people.
pub async fn take(folder: &Path, arguments: &Arguments) -> Result<Instance, String> {
    let wrong = |error: std::io::Error| format!("cannot use {}: {error}", folder.display());
    make_private_folder(folder).map_err(wrong)?;
    let lock = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK)).map_err(wrong)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return hand_over(&folder.join(SOCKET), arguments).await,
        Err(TryLockError::Error(error)) => return Err(wrong(error)),
    }
    // Left by one that was killed: the lock is ours, so nobody listens there.
    let _ = std::fs::remove_file(folder.join(SOCKET));
    let listener = UnixListener::bind(folder.join(SOCKET)).map_err(wrong)?;
    Ok(Instance::First(First { listener, _lock: lock }))
}

async fn hand_over(socket: &Path, arguments: &Arguments) -> Result<Instance, String> {
    let line = serde_json::to_string(arguments).map_err(|error| error.to_string())? + "\n";
    let handed = async {
        // The first one may have taken its lock and not yet its socket.
        let mut stream = loop {
            match UnixStream::connect(socket).await {
                Ok(stream) => break stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        stream.write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        stream.take(MAX_LINE).read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    match timeout(LIMIT, handed).await {
        Ok(Ok(answer)) if answer == "ok\n" => Ok(Instance::Second),
        Ok(Ok(why)) if !why.is_empty() => Err(why.trim_end().to_owned()),
        _ => Err("homeport-window runs already but does not answer; end it and try again".into()),
    }
}

impl First {
    /// Takes the words of later starts for as long as the program runs; `show` does what they ask or says why not.
    pub async fn listen<F: Future<Output = Result<(), String>>>(self, show: impl Fn(Arguments) -> F) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            // One at a time: a start is over in milliseconds.
            let _ = timeout(LIMIT, heard(stream, &show)).await;
        }
    }
}

/// Hears one start. A stranger, and what is not understood, is not answered.
async fn heard<F>(mut stream: UnixStream, show: &impl Fn(Arguments) -> F) -> std::io::Result<()>
where
    F: Future<Output = Result<(), String>>,
{
    let peer = getsockopt(&stream, PeerCredentials)?;
    if peer.uid() != nix::unistd::geteuid().as_raw() {
        return Ok(());
    }
    let mut line = String::new();
    let (read, mut write) = stream.split();
    BufReader::new(read.take(MAX_LINE)).read_line(&mut line).await?;
    let Some(arguments) = serde_json::from_str::<Arguments>(&line).ok().and_then(|all| all.checked().ok()) else {
        return Ok(());
    };
    let answer = show(arguments).await.map_or_else(|why| format!("{why}\n"), |()| "ok\n".into());
    write.write_all(answer.as_bytes()).await
}

#[cfg(test)]
mod tests;
