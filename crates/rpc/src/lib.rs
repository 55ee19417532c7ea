//! Calls and streams over one connection, both ends: websocket -> yamux -> DRPC (spec `agent-rpc.md` 1-4).
//!
//! Knows no message type of any service and nothing of the mesh. FIXED INTERFACE: signatures may gain functions only.
//!
//! ```text
//!  websocket messages ── websocket_io ── yamux::Mux ── one stream per call ── call (DRPC packets)
//! ```
#![deny(missing_docs)]

mod call;
mod client;
mod server;
mod websocket;
pub mod yamux;

pub use call::{Call, CallReceiver, CallSender};
pub use client::Client;
pub use server::{Service, serve};
pub use websocket::{MAX_MESSAGE, websocket_config, websocket_io};

/// Anything that carries bytes both ways: a websocket seen as a stream, a duplex pipe in tests, a mesh connection.
pub trait Io: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static> Io for T {}

/// DRPC code for a call that the server does not have.
pub const UNIMPLEMENTED: u64 = 12;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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

impl RpcError {
    /// What a [`Service`] returns for a name that it does not have.
    #[must_use]
    pub fn unimplemented(name: &str) -> Self {
        Self::Remote { code: UNIMPLEMENTED, text: format!("unknown rpc: {name:?}") }
    }

    /// Whether the other end does not have the call.
    #[must_use]
    pub fn is_unimplemented(&self) -> bool {
        matches!(self, Self::Remote { code: UNIMPLEMENTED, .. })
    }
}

impl From<yamux::SessionError> for RpcError {
    fn from(error: yamux::SessionError) -> Self {
        if error.is_protocol() { Self::Protocol(error.to_string()) } else { Self::Closed }
    }
}

impl From<proto::drpc::DrpcError> for RpcError {
    fn from(error: proto::drpc::DrpcError) -> Self {
        Self::Protocol(error.to_string())
    }
}

// The tests' fixture is shared with other packages and names this one as they do.
#[cfg(test)]
extern crate self as rpc;
#[cfg(test)]
mod tests;
