//! One conversation: the version line, then frames both ways, each within its deadline.
//!
//! A client has five seconds to say its line and its first request, and five for each further frame once it has begun;
//! a watcher may be silent for ever, but not half-way through a frame. What a broken client gets is a closed socket.

use std::time::Duration;

use proto::ipc::version::{self, LINE, MAX_LINE};
use proto::ipc::{FrameError, Frames, MAX_FRAME, Request};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::outbox::Unsent;

/// From the connection to the end of its first request.
pub const FIRST_MESSAGE: Duration = Duration::from_secs(5);
/// From the first to the last byte of a frame, and of ours until the client has read it.
const ONE_FRAME: Duration = Duration::from_secs(5);

/// Why a conversation ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The client closed it, or the service did.
    #[error("closed")]
    Closed,
    /// The socket broke.
    #[error("the socket broke: {0}")]
    Io(#[from] std::io::Error),
    /// The client let a deadline pass.
    #[error("too slow")]
    Late,
    /// The client speaks something else.
    #[error(transparent)]
    Version(#[from] version::VersionError),
    /// The client sent what is no request.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Talks until either side ends it. Requests go to `hear`, which says `false` when nobody wants more; frames come from
/// `unsent`.
pub async fn converse<S, H, F>(socket: S, mut unsent: Unsent, mut hear: H) -> Ended
where
    S: AsyncRead + AsyncWrite,
    H: FnMut(Request) -> F,
    F: Future<Output = bool>,
{
    let (mut reader, mut writer) = tokio::io::split(socket);
    let first = Instant::now() + FIRST_MESSAGE;
    let say = async {
        send(&mut writer, LINE.as_bytes()).await?;
        while let Some(frame) = unsent.next().await {
            send(&mut writer, &frame).await?;
        }
        Err::<(), Ended>(Ended::Closed)
    };
    let listen = async {
        timeout_at(first, hear_line(&mut reader)).await.map_err(|_| Ended::Late)??;
        let mut frames = Frames::default();
        let mut deadline = Some(first);
        loop {
            let request = next_request(&mut reader, &mut frames, deadline.take()).await?;
            if !hear(request).await {
                return Err::<(), Ended>(Ended::Closed);
            }
        }
    };
    tokio::try_join!(say, listen).err().unwrap_or(Ended::Closed)
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), Ended> {
    Ok(timeout(ONE_FRAME, writer.write_all(bytes)).await.map_err(|_| Ended::Late)??)
}

/// Reads byte by byte, so that nothing after the line is taken.
async fn hear_line(reader: &mut (impl AsyncRead + Unpin)) -> Result<u16, Ended> {
    let mut line = Vec::with_capacity(MAX_LINE);
    while line.last() != Some(&b'\n') {
        if line.len() >= MAX_LINE {
            return Err(version::VersionError::Foreign.into());
        }
        let mut byte = [0];
        if reader.read(&mut byte).await? == 0 {
            return Err(Ended::Closed);
        }
        line.extend_from_slice(&byte);
    }
    Ok(version::check(&line)?)
}

async fn next_request(
    reader: &mut (impl AsyncRead + Unpin),
    frames: &mut Frames,
    mut deadline: Option<Instant>,
) -> Result<Request, Ended> {
    // One frame at most and what came with it: the memory of one client.
    let mut buffer = [0; MAX_FRAME / 16];
    loop {
        if let Some(request) = frames.take()? {
            return Ok(request);
        }
        if !frames.is_empty() {
            // Begun, by this read or an earlier one: now it must be finished.
            deadline.get_or_insert_with(|| Instant::now() + ONE_FRAME);
        }
        let read = reader.read(&mut buffer);
        let count = match deadline {
            Some(deadline) => timeout_at(deadline, read).await.map_err(|_| Ended::Late)??,
            None => read.await?,
        };
        if count == 0 {
            return Err(Ended::Closed);
        }
        frames.push(buffer.get(..count).unwrap_or_default());
    }
}
