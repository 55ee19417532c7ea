//! Measures a path by filling it (mesh port 3). Not for deciding which path to use.

use tokio::io::{AsyncRead, AsyncWrite};

/// Serves one measurement.
pub async fn serve<S>(_stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
}
