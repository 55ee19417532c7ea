//! What a client says first on the terminal port: a u16 (little-endian) length, then that many bytes of JSON. Not for what
//! it sends afterwards (see `input`).

use std::io;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use uuid::Uuid;

/// Longest command line: the length field leaves little more.
const COMMAND_LIMIT: usize = 60 * 1024;

/// Which terminal a client wants.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Header {
    #[serde(rename = "ID")]
    pub id: Uuid,
    #[serde(rename = "Height", default)]
    pub height: u16,
    #[serde(rename = "Width", default)]
    pub width: u16,
    /// Empty for a login shell.
    #[serde(rename = "Command", default)]
    pub command: String,
    /// A container of the workspace to run in; empty for the workspace itself.
    #[serde(rename = "Container", default)]
    pub container: String,
}

/// Why there is no terminal for this client.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    #[error("the terminal client left before it said what it wants")]
    Stream(#[from] io::Error),
    #[error("the terminal request is not the JSON it should be")]
    Malformed(#[source] serde_json::Error),
    #[error("the command of a terminal is too long")]
    CommandTooLong,
}

/// Reads exactly the header. Two bytes of length cap it at 64 KiB.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Header, HeaderError> {
    let mut bytes = vec![0; usize::from(stream.read_u16_le().await?)];
    stream.read_exact(&mut bytes).await?;
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Header, HeaderError> {
    let header: Header = serde_json::from_slice(bytes).map_err(HeaderError::Malformed)?;
    if header.command.len() > COMMAND_LIMIT {
        return Err(HeaderError::CommandTooLong);
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
