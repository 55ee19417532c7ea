//! Measures a path by filling it (mesh port 3). Not for deciding which path to use.
//!
//! ```text
//!  client: {"version":2,"time":<ns>,"direction":0|1}\n       0: we send, 1: we receive
//!  we:     {}\n  or  {"error":"..."}\n
//!  sender: blocks of 2 MiB of noise until `time` is over, then close
//! ```

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

/// The only version there is.
const VERSION: u64 = 2;
/// The request has three short fields.
const REQUEST_LIMIT: usize = 1024;
/// How long a client may take to ask.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// What both sides write and read at once.
const BLOCK: usize = 2 * 1024 * 1024;
/// Allowed lengths of a measurement (spec: agent-rpc.md 7.3).
const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(30);
/// A measurement that takes this many times its length has a dead peer.
const PATIENCE: u32 = 4;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Download,
    Upload,
}

#[derive(Deserialize)]
struct RequestJson {
    version: u64,
    time: i64,
    direction: u8,
}

#[derive(Serialize, Default)]
struct ReplyJson {
    #[serde(skip_serializing_if = "String::is_empty")]
    error: String,
}

/// Why a request is refused; the text goes to the client.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum RequestError {
    #[error("the speed test request is not one line of JSON with version, time and direction")]
    Malformed,
    #[error("speed test version {0} is not supported, only {VERSION}")]
    Version(u64),
    #[error("a speed test takes 5 to 30 seconds")]
    Duration,
    #[error("the direction of a speed test is 0 (download) or 1 (upload)")]
    Direction,
}

/// Serves one measurement.
pub async fn serve<S>(stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if let Err(error) = measure(stream).await {
        tracing::debug!(%error, "a speed test ended early");
    }
}

async fn measure(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let line = timeout(REQUEST_DEADLINE, read_line(&mut stream)).await??;
    let request = parse(&line);
    let reply = ReplyJson { error: request.as_ref().err().map(ToString::to_string).unwrap_or_default() };
    let mut text = serde_json::to_vec(&reply)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    match request {
        Ok((Direction::Download, duration)) => timeout(duration * PATIENCE, send(&mut stream, duration)).await?,
        Ok((Direction::Upload, duration)) => timeout(duration * PATIENCE, receive(&mut stream)).await?,
        Err(_) => stream.shutdown().await,
    }
}

/// Reads byte by byte, because what follows the line belongs to the measurement.
async fn read_line(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.len() < REQUEST_LIMIT {
        match stream.read_u8().await? {
            b'\n' => break,
            byte => line.push(byte),
        }
    }
    Ok(line)
}

fn parse(line: &[u8]) -> Result<(Direction, Duration), RequestError> {
    let request: RequestJson = serde_json::from_slice(line).map_err(|_| RequestError::Malformed)?;
    if request.version != VERSION {
        return Err(RequestError::Version(request.version));
    }
    let direction = match request.direction {
        0 => Direction::Download,
        1 => Direction::Upload,
        _ => return Err(RequestError::Direction),
    };
    let duration = u64::try_from(request.time).map(Duration::from_nanos).map_err(|_| RequestError::Duration)?;
    if !(SHORTEST..=LONGEST).contains(&duration) {
        return Err(RequestError::Duration);
    }
    Ok((direction, duration))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), duration: Duration) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    // Noise, so that nothing on the way can make it smaller.
    getrandom::fill(&mut block).map_err(|error| io::Error::other(error.to_string()))?;
    let end = Instant::now() + duration;
    while Instant::now() < end {
        stream.write_all(&block).await?;
    }
    stream.shutdown().await
}

/// The client counts what it sent; we only have to take it.
async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    while stream.read(&mut block).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests;
