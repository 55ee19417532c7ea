//! Calls and streams over one connection, both ends: websocket -> yamux -> DRPC (spec `agent-rpc.md` 1-4).
//!
//! Knows no message type of any service and nothing of the mesh. FIXED INTERFACE: signatures may gain functions only.
//!
//! ```text
//!  websocket messages ── ws::ByteStream ── yamux::Session ── one stream per call ── drpc
//! ```
#![deny(missing_docs)]

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

/// Anything that carries bytes both ways: a websocket seen as a stream, a duplex pipe in tests, a mesh connection.
pub trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static> Io for T {}

/// DRPC code for a call that the server does not have.
pub const UNIMPLEMENTED: u64 = 12;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The other end answered with an error.
    #[error("{text} (code {code})")]
    Remote {
        /// DRPC error code, 0 for none, 12 for unimplemented.
        code: u64,
        /// The other end's words.
        text: String,
    },
    /// The connection ended.
    #[error("the connection ended")]
    Closed,
    /// No answer within the deadline.
    #[error("no answer within the deadline")]
    Deadline,
    /// The other end broke the protocol.
    #[error("protocol error: {0}")]
    Protocol(String),
}

/// The client end of a connection: opens one stream per call. Cheap to clone.
#[derive(Clone)]
pub struct Client {}

impl Client {
    /// Starts the yamux client on `io`.
    pub fn new(_io: impl Io) -> Self {
        unimplemented!()
    }
    /// One request, one answer, 30 s deadline.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn unary<Q: prost::Message, A: prost::Message + Default>(
        &self,
        _name: &str,
        _request: &Q,
    ) -> Result<A, RpcError> {
        unimplemented!()
    }
    /// A call with streams both ways; for server streaming send one message and call [`CallSender::finish`].
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn stream(&self, _name: &str) -> Result<(CallSender, CallReceiver), RpcError> {
        unimplemented!()
    }
    /// Resolves when the connection ended.
    pub async fn closed(&self) {
        unimplemented!()
    }
    /// Ends the connection.
    pub fn close(&self) {
        unimplemented!()
    }
}

/// Sends messages of a streaming call (both ends use it).
pub struct CallSender {}

impl CallSender {
    /// Sends one message.
    ///
    /// # Errors
    /// [`RpcError::Closed`] when the call ended.
    pub async fn send<M: prost::Message>(&mut self, _message: &M) -> Result<(), RpcError> {
        unimplemented!()
    }
    /// Says that no more messages come (CloseSend).
    ///
    /// # Errors
    /// [`RpcError::Closed`] when the call ended.
    pub async fn finish(&mut self) -> Result<(), RpcError> {
        unimplemented!()
    }
}

/// Receives messages of a streaming call (both ends use it).
pub struct CallReceiver {}

impl CallReceiver {
    /// The next message; `Ok(None)` at the end of input.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn next<M: prost::Message + Default>(&mut self) -> Result<Option<M>, RpcError> {
        unimplemented!()
    }
}

/// A call as the server sees it.
pub struct Call {
    /// The full name, `/coder.agent.v2.Agent/GetManifest`.
    pub name: String,
    /// Messages of the caller.
    pub receiver: CallReceiver,
    /// Messages to the caller.
    pub sender: CallSender,
}

impl Call {
    /// For unary and server-streaming calls: the request.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn request<M: prost::Message + Default>(&mut self) -> Result<M, RpcError> {
        self.receiver.next().await?.ok_or_else(|| RpcError::Protocol("the call has no request".into()))
    }
}

/// What a server does with its calls. An `Err` is sent to the caller as a DRPC error; `Ok` ends with CloseSend.
pub trait Service: Send + Sync + 'static {
    /// Answers one call. Unknown names must give `Err(RpcError::Remote { code: UNIMPLEMENTED, .. })`.
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>>;
}

/// Serves calls on `io` (yamux server) until it ends; at most 256 streams at once.
///
/// # Errors
/// [`RpcError::Protocol`] when the other end broke a rule; `Ok` at a clean end.
pub async fn serve(_io: impl Io, _service: std::sync::Arc<dyn Service>) -> Result<(), RpcError> {
    unimplemented!()
}

/// A websocket (either role) as one continuous byte stream of binary messages (spec `agent-rpc.md` 1.3): text is a
/// protocol error, close 1000/1001 is a clean end, messages of at most 4 MiB, pings are answered.
/// `keep_alive`: ping at this period and end the stream when no pong came within twice of it.
pub fn websocket_io<S>(
    _socket: tokio_tungstenite::WebSocketStream<S>,
    _keep_alive: Option<std::time::Duration>,
) -> impl Io
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let _: Option<Bytes> = None;
    tokio::io::empty()
}
