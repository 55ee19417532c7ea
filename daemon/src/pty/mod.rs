//! Terminals that outlive their connection (mesh port 2). Not for SSH sessions.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::session::SessionContext;

/// All open terminals of this workspace.
#[derive(Debug)]
pub struct Terminals {
    _context: Arc<SessionContext>,
}

impl Terminals {
    #[must_use]
    pub fn new(context: Arc<SessionContext>) -> Arc<Self> {
        Arc::new(Self { _context: context })
    }

    /// Serves one connection until its client leaves or its terminal ends.
    pub async fn serve<S>(self: Arc<Self>, _stream: S, _peer: Option<IpAddr>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
    }
}
