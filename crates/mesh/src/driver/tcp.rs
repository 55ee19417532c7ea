//! TCP connections and listeners as programs hold them. The bytes go straight into and out of the stack.

use std::io;
use std::net::SocketAddrV6;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

use super::clock;
use super::under_lock::Shared;
use crate::stack::{FlowId, StreamError};

/// A TCP connection through the mesh; closing is half-close, dropping resets. Implements `AsyncRead` and `AsyncWrite`.
///
/// What was written before `shutdown` is delivered even when the stream is dropped right after it.
pub struct TcpStream {
    shared: Arc<Shared>,
    id: FlowId,
    local: SocketAddrV6,
    remote: SocketAddrV6,
}

impl std::fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TcpStream").field("local", &self.local).field("remote", &self.remote).finish_non_exhaustive()
    }
}

impl TcpStream {
    pub(super) fn new(shared: Arc<Shared>, id: FlowId, local: SocketAddrV6, remote: SocketAddrV6) -> Self {
        Self { shared, id, local, remote }
    }

    /// The other end.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddrV6 {
        self.remote
    }

    /// Our end.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddrV6 {
        self.local
    }

    /// Waits until a dialled connection is open.
    pub(super) async fn opened(&self) -> Result<(), StreamError> {
        std::future::poll_fn(|cx| {
            let mut net = self.shared.lock();
            if self.shared.is_stopped() {
                return Poll::Ready(Err(StreamError::Closed));
            }
            let opened = net.stack.opened(self.id);
            if opened.is_pending() {
                net.waiting.entry(self.id).or_default().write = Some(cx.waker().clone());
            }
            self.shared.kick_if(&net);
            opened
        })
        .await
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut net = self.shared.lock();
        if self.shared.is_stopped() {
            return Poll::Ready(Err(stopped()));
        }
        let read = net.stack.read(self.id, buffer.initialize_unfilled(), clock::now());
        if read.is_pending() {
            net.waiting.entry(self.id).or_default().read = Some(cx.waker().clone());
        }
        self.shared.kick_if(&net);
        read.map(|result| {
            let length = result.map_err(io_error)?;
            buffer.advance(length);
            Ok(())
        })
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let mut net = self.shared.lock();
        if self.shared.is_stopped() {
            return Poll::Ready(Err(stopped()));
        }
        let written = net.stack.write(self.id, data);
        if written.is_pending() {
            net.waiting.entry(self.id).or_default().write = Some(cx.waker().clone());
        }
        self.shared.kick_if(&net);
        written.map(|result| result.map_err(io_error))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut net = self.shared.lock();
        net.stack.close_write(self.id);
        self.shared.kick_if(&net);
        Poll::Ready(Ok(()))
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        let mut net = self.shared.lock();
        net.waiting.remove(&self.id);
        net.stack.leave(self.id, clock::now());
        self.shared.kick_if(&net);
    }
}

fn io_error(error: StreamError) -> io::Error {
    match error {
        StreamError::Reset => io::Error::new(io::ErrorKind::ConnectionReset, error),
        StreamError::Closed => io::Error::new(io::ErrorKind::BrokenPipe, error),
    }
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, super::MeshError::Stopped)
}

/// Accepts TCP connections on one port. Dropping it frees the port; accepted connections go on.
pub struct TcpListener {
    pub(super) shared: Arc<Shared>,
    pub(super) port: u16,
    pub(super) accepted: mpsc::Receiver<TcpStream>,
}

impl TcpListener {
    /// The next connection; `None` when the mesh stopped.
    pub async fn accept(&mut self) -> Option<TcpStream> {
        self.accepted.recv().await
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        let sender = {
            let mut net = self.shared.lock();
            net.stack.unlisten(self.port);
            net.listeners.remove(&self.port)
        };
        // Connections that nobody took are reset by their own drop, which takes the lock again.
        drop(sender);
    }
}
