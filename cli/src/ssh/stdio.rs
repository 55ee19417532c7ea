//! Standard input and output spliced to a connection: what another SSH client's `ProxyCommand` needs. Every byte once,
//! in order, or an error.

use std::io;

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes moved at a time: four full WireGuard batches.
const BUFFER: usize = 64 * 1024;

/// Splices until the other end closes. The end of our input half-closes the connection and does not cut what is still
/// on its way to us.
pub async fn splice<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) -> anyhow::Result<u8> {
    join(stream, tokio::io::stdin(), tokio::io::stdout()).await
}

async fn join<S, I, O>(stream: S, input: I, output: O) -> anyhow::Result<u8>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Unpin,
{
    let (from_peer, to_peer) = tokio::io::split(stream);
    let sending = tokio::spawn(carry(input, to_peer));
    let received = carry(from_peer, output).await;
    // The other end is done: nobody reads what our input may still say.
    sending.abort();
    match received {
        Ok(()) => Ok(0),
        // Our own reader left first, as `ssh` does when it is interrupted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(error).context("the connection broke"),
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
        to.flush().await?;
    }
}

#[cfg(test)]
mod tests;
