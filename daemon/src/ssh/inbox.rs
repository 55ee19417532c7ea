//! What a client sent into a channel and its reader has not taken yet. Not for what we send.
//!
//! The SSH library grants a channel new window as soon as data arrives, before anybody read it, and its own channel queue
//! blocks the whole connection when it is full, which deadlocks `ssh box cat`. So data goes into these unbounded queues,
//! and their memory is bounded by what the library lets us choose, the size of the next grant:
//!
//! ```text
//!  data ─► push ─► [queue] ─► reader        backlog of the connection <= BACKLOG_LIMIT: next grants are WINDOW
//!                                           above: next grants are TRICKLE bytes, until readers caught up
//! ```
//! A trickle (and not nothing) because the library looks at the grant only when data arrives.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::{Notify, mpsc};

/// Window of a channel: one bandwidth-delay product of 80 ms at 200 Mbit/s.
pub const WINDOW: u32 = 2 * 1024 * 1024;

/// The smallest target that still makes the library grant anything: it grants when less than half of it is left.
pub const TRICKLE: u32 = 2;

/// Unread bytes of one connection above which grants become a trickle. With every channel's last full grant on top, a
/// connection holds at most this plus one window per open channel.
const BACKLOG_LIMIT: usize = 4 * 1024 * 1024;

/// What one queued piece costs besides its bytes, so that a storm of tiny packets is counted honestly.
const PIECE_OVERHEAD: usize = 64;

/// Unread bytes of all channels of one connection.
#[derive(Debug, Default)]
pub struct Backlog {
    bytes: AtomicUsize,
    shrunk: Notify,
}

impl Backlog {
    /// The target for the library's next grants.
    #[must_use]
    pub fn next_window(&self) -> u32 {
        if self.is_congested() { TRICKLE } else { WINDOW }
    }

    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > BACKLOG_LIMIT
    }

    /// Waits until a reader took something.
    pub async fn shrunk(&self) {
        self.shrunk.notified().await;
    }

    fn grow(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn shrink(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.shrunk.notify_waiters();
    }
}

/// The filling end of a channel's queue; dropping it is the end of input.
#[derive(Debug)]
pub struct Feed {
    sender: mpsc::UnboundedSender<Bytes>,
    backlog: Arc<Backlog>,
}

impl Feed {
    /// Queues a piece; when nobody reads any more it is dropped, as a closed pipe would.
    pub fn push(&self, data: &[u8]) {
        let cost = cost(data.len());
        self.backlog.grow(cost);
        if data.is_empty() || self.sender.send(Bytes::copy_from_slice(data)).is_err() {
            self.backlog.shrink(cost);
        }
    }
}

/// The reading end.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::UnboundedReceiver<Bytes>,
    current: Bytes,
    backlog: Arc<Backlog>,
}

/// A queue whose bytes count in `backlog`.
#[must_use]
pub fn channel(backlog: &Arc<Backlog>) -> (Feed, Inbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let feed = Feed { sender, backlog: Arc::clone(backlog) };
    (feed, Inbox { receiver, current: Bytes::new(), backlog: Arc::clone(backlog) })
}

impl Inbox {
    /// The next piece; `None` at the end of input.
    pub async fn next(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.current.is_empty() {
            return Poll::Ready(Some(std::mem::take(&mut self.current)));
        }
        let piece = ready!(self.receiver.poll_recv(context));
        if let Some(piece) = &piece {
            self.backlog.shrink(cost(piece.len()));
        }
        Poll::Ready(piece)
    }
}

impl AsyncRead for Inbox {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(mut piece) = ready!(self.poll_next(context)) else { return Poll::Ready(Ok(())) };
        let n = piece.len().min(buffer.remaining());
        buffer.put_slice(&piece[..n]);
        piece.advance(n);
        self.current = piece;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.receiver.close();
        while let Ok(piece) = self.receiver.try_recv() {
            self.backlog.shrink(cost(piece.len()));
        }
    }
}

fn cost(bytes: usize) -> usize {
    bytes + PIECE_OVERHEAD
}

#[cfg(test)]
mod tests;
