//! The SSH server of a workspace, one connection per call. Not for listening or authenticating: the mesh does both.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::session::SessionContext;

/// Serves one SSH connection until it ends; `peer` is the address inside the mesh.
pub async fn serve<S>(_stream: S, _peer: Option<IpAddr>, _context: Arc<SessionContext>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
}
