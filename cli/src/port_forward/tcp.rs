//! One forwarded TCP port: each connection here becomes one in the workspace.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::spec::Forward;
use crate::session::Session;

/// Connections of one port at a time; a browser opens some dozens.
const MAX_CONNECTIONS: usize = 512;
/// Pause after the system refused to accept, mostly for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, forward: Forward, session: Arc<Session>) -> anyhow::Result<()> {
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let permit = Arc::clone(&free).acquire_owned().await?;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "cannot accept");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let session = Arc::clone(&session);
        tokio::spawn(async move {
            if let Err(error) = carry(stream, forward.remote, &session).await {
                tracing::debug!(%error, port = forward.remote, "a forwarded connection ended");
            }
            drop(permit);
        });
    }
}

async fn carry(mut here: TcpStream, port: u16, session: &Session) -> anyhow::Result<()> {
    here.set_nodelay(true)?;
    let mut there = session.dial(port).await?;
    tokio::io::copy_bidirectional_with_sizes(&mut here, &mut there, 64 * 1024, 64 * 1024).await?;
    Ok(())
}
