//! How the daemon reaches its server: one websocket, as the workspace daemon that its token names. Not for waiting between
//! tries (see `control::backoff`).

use std::future::Future;

use crate::config::Config;

/// Opens connections to the server; tests put a pipe in its place.
pub trait Dial: Send + Sync + 'static {
    /// Opens one.
    fn dial(&self) -> impl Future<Output = Result<rpc::Client, DialError>> + Send;
}

/// Why there is no connection. Its text has no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DialError(pub String);

/// The real server.
pub struct ServerDial(pub Config);

impl Dial for ServerDial {
    async fn dial(&self) -> Result<rpc::Client, DialError> {
        Err(DialError(format!("{} cannot be dialled yet", self.0.access_url)))
    }
}
