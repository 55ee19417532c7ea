//! One local port that leads to a port of a workspace daemon: accepts, dials, splices.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6, TcpListener};
use std::time::Duration;

use mesh::Mesh;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Connections of one port at a time; a browser opens some dozens.
const MAX_CONNECTIONS: usize = 256;
/// Pause after the system refused to accept, mostly for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);
const BUFFER: usize = 64 * 1024;

/// An open local port. Dropping it closes the port and every connection.
pub struct Listener {
    task: JoinHandle<()>,
    retire: Option<oneshot::Sender<()>>,
}

impl Listener {
    /// Serves a bound port.
    pub fn serve(bound: TcpListener, mesh: Mesh, to: SocketAddrV6) -> io::Result<Self> {
        bound.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(bound)?;
        let (retire, retired) = oneshot::channel();
        let task = tokio::spawn(serve(listener, mesh, to, retired));
        Ok(Self { task, retire: Some(retire) })
    }

    /// Closes the port and lets its connections finish: what listened in the workspace ended, the workspace did not.
    pub fn retire(mut self) {
        if let Some(retire) = self.retire.take() {
            let _ = retire.send(());
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.retire.is_some() {
            self.task.abort();
        }
    }
}

/// Binds a port of 127.0.0.1, unless a service of this computer has it on `::1`: `localhost` would mean two things.
pub fn bind(port: u16) -> Option<TcpListener> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => None,
        // Free, or a computer without IPv6.
        _ => Some(bound),
    }
}

async fn serve(listener: tokio::net::TcpListener, mesh: Mesh, to: SocketAddrV6, retired: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    tokio::pin!(retired);
    loop {
        tokio::select! {
            _ = &mut retired => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(carry(stream, mesh.clone(), to));
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot accept");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn carry(mut here: TcpStream, mesh: Mesh, to: SocketAddrV6) {
    let carried = async {
        here.set_nodelay(true)?;
        let mut there = mesh.dial_tcp(to).await?;
        tokio::io::copy_bidirectional_with_sizes(&mut here, &mut there, BUFFER, BUFFER).await?;
        anyhow::Ok(())
    };
    if let Err(error) = carried.await {
        tracing::debug!(%error, %to, "a forwarded connection ended");
    }
}
