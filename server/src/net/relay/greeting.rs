//! The first three frames of a relay connection: the client proves that it holds the key it names.
//!
//! Nothing is carried for anyone who did not. Each step has [`DEADLINE`]; nonces are drawn here.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proto::derp::login::{ClientInfo, LoginError, ServerInfo};
use proto::derp::{Decoder, DerpError, Frame};
use proto::key::{NodePrivate, NodePublic};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// For each step (spec `derp-disco-stun.md` 3).
const DEADLINE: Duration = Duration::from_secs(10);

/// Why a connection was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum GreetingError {
    /// It sent nothing useful in time.
    #[error("the relay client did not greet in time")]
    Deadline,
    /// The connection broke.
    #[error("the relay client went away during the greeting")]
    Io(#[from] std::io::Error),
    /// Not the relay's protocol.
    #[error(transparent)]
    Frame(#[from] DerpError),
    /// Another frame came first.
    #[error("the relay client sent something else than its greeting first")]
    Order,
    /// The key is not proven.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// No random bytes for a nonce.
    #[error("the system has no random bytes")]
    Random,
    /// Too many clients.
    #[error("the relay has as many clients as it can carry")]
    Full,
}

/// Says who the relay is and hears who the client is. Returns its proven key and what it sent after its greeting.
pub(super) async fn prove(
    relay: &NodePrivate,
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
    early: Bytes,
) -> Result<(NodePublic, BytesMut), GreetingError> {
    let in_time = |_| GreetingError::Deadline;
    let mut out = BytesMut::new();
    Frame::ServerKey(relay.public()).encode(&mut out)?;
    timeout(DEADLINE, send(writer, &out)).await.map_err(in_time)??;
    let mut decoder = Decoder::new();
    decoder.buffer().extend_from_slice(&early);
    let frame = timeout(DEADLINE, first_frame(&mut decoder, reader)).await.map_err(in_time)??;
    let Frame::ClientInfo { key, nonce, sealed } = frame else { return Err(GreetingError::Order) };
    ClientInfo::open(relay, &key, &nonce, &sealed)?;
    Ok((key, decoder.buffer().split()))
}

/// Greets back. The client is in the table by now: who hears of it after this reaches it.
pub(super) async fn welcome(
    relay: &NodePrivate,
    key: &NodePublic,
    writer: &mut (impl AsyncWrite + Unpin),
) -> Result<(), GreetingError> {
    let mut nonce = [0; 24];
    getrandom::fill(&mut nonce).map_err(|_| GreetingError::Random)?;
    let mut out = BytesMut::new();
    ServerInfo::default().seal(relay, key, nonce)?.encode(&mut out)?;
    timeout(DEADLINE, send(writer, &out)).await.map_err(|_| GreetingError::Deadline)??;
    Ok(())
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> std::io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

async fn first_frame(decoder: &mut Decoder, reader: &mut (impl AsyncRead + Unpin)) -> Result<Frame, GreetingError> {
    loop {
        if let Some(frame) = decoder.next_frame()? {
            return Ok(frame);
        }
        if reader.read_buf(decoder.buffer()).await? == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
}
