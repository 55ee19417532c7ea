//! What waits to be written to one client. Bounded by bytes: a client that does not read is dropped, never waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

/// Most unread bytes of one client. The whole picture of sixteen deployments with some hundred daemons each is 2 MiB.
pub const MAX_UNSENT: usize = 16 << 20;

/// Puts frames in. Dropping it closes the connection once all is written.
#[derive(Debug)]
pub struct Outbox {
    frames: mpsc::UnboundedSender<Bytes>,
    waiting: Arc<AtomicUsize>,
}

/// Takes frames out.
#[derive(Debug)]
pub struct Unsent {
    frames: mpsc::UnboundedReceiver<Bytes>,
    waiting: Arc<AtomicUsize>,
}

/// Both ends.
pub fn outbox() -> (Outbox, Unsent) {
    let (sender, frames) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    (Outbox { frames: sender, waiting: waiting.clone() }, Unsent { frames, waiting })
}

impl Outbox {
    /// Puts one frame in; `false` when the client reads too slowly or is gone, and must be dropped.
    pub fn put(&self, frame: Bytes) -> bool {
        let waiting = self.waiting.fetch_add(frame.len(), Ordering::Relaxed) + frame.len();
        waiting <= MAX_UNSENT && self.frames.send(frame).is_ok()
    }
}

impl Unsent {
    /// The next frame; `None` when there will be no more. Cancel safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        let frame = self.frames.recv().await?;
        self.waiting.fetch_sub(frame.len(), Ordering::Relaxed);
        Some(frame)
    }
}
