//! One program per user: a lock and a socket in the runtime folder. A second start hands its words to the first.
//!
//! The wire: one line of JSON ([`Arguments`]), at most [`MAX_LINE`] bytes; the answer is `ok\n`. The folder is private
//! to its user, and the kernel is asked who connects.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use client::sessions::file::make_private_folder;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::arguments::Arguments;
use crate::event::Event;

const SOCKET: &str = "desktop.sock";
const LOCK: &str = "desktop.lock";
/// A link has at most 8 KiB, escaped at most six times as much.
const MAX_LINE: u64 = 64 * 1024;
/// Both sides are on this computer.
const LIMIT: Duration = Duration::from_secs(5);

/// Who we are.
pub enum Instance {
    First(First),
    /// The words were handed over.
    Second,
}

/// The right to be the one; ends with the process.
pub struct First {
    listener: UnixListener,
    lock: File,
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
    Ok(Instance::First(First { listener, lock }))
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
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    match timeout(LIMIT, handed).await {
        Ok(Ok([b'o', b'k', b'\n'])) => Ok(Instance::Second),
        _ => Err("homeport-desktop runs already but does not answer; end it and try again".into()),
    }
}

impl First {
    /// Takes the words of later starts for as long as the program runs.
    pub fn listen(self, events: mpsc::Sender<Event>) {
        let Self { listener, lock } = self;
        tokio::spawn(async move {
            // Held for as long as we listen.
            let _lock = lock;
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                // One at a time: a start is over in milliseconds.
                let _ = timeout(LIMIT, heard(stream, &events)).await;
            }
        });
    }
}

async fn heard(mut stream: UnixStream, events: &mpsc::Sender<Event>) -> std::io::Result<()> {
    let peer = getsockopt(&stream, PeerCredentials)?;
    if peer.uid() != nix::unistd::geteuid().as_raw() {
        return Ok(());
    }
    let mut line = String::new();
    let (read, mut write) = stream.split();
    BufReader::new(read.take(MAX_LINE)).read_line(&mut line).await?;
    let Ok(arguments) = serde_json::from_str::<Arguments>(&line) else { return Ok(()) };
    let is_quiet = arguments.minimized;
    let mut wishes = arguments.events();
    if wishes.is_empty() && !is_quiet {
        wishes.push(Event::StartedAgain);
    }
    for event in wishes {
        let _ = events.send(event).await;
    }
    write.write_all(b"ok\n").await
}

#[cfg(test)]
mod tests;
