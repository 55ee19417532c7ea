//! A mesh whose inner packets go to and come from a network device of the system, instead of the user-space stack.
//!
//! ```text
//!   device reader ── Batch ──► Outward ──► run_loop ──► engine ──► sockets, relays
//!   device        ◄────────── Device::deliver ◄─────── engine ◄──
//! ```
//!
//! The loop delivers on its own thread, so that a decrypted packet crosses no channel; packets of the device come in
//! batches, because one system call reads many. Not here: the device itself, and which packets may pass.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use tokio::sync::mpsc;

/// Batches that wait for the loop. With full batches this is what a gigabit path holds in some 30 ms.
const QUEUE: usize = 64;
/// Emptied batches kept for the reader.
const MAX_SPARE: usize = QUEUE;

/// Takes decrypted, filtered packets. Called on the mesh's own thread; must not wait.
pub trait Device: Send + 'static {
    /// Takes all of these, in order, each at most 1280 bytes.
    fn deliver(&mut self, packets: &mut Vec<BytesMut>);
}

/// Packets back to back.
#[derive(Debug, Default)]
pub struct Batch {
    /// Their bytes.
    pub bytes: Vec<u8>,
    /// Where each ends.
    pub ends: Vec<usize>,
}

impl Batch {
    /// Appends a packet.
    pub fn push(&mut self, packet: &[u8]) {
        self.bytes.extend_from_slice(packet);
        self.ends.push(self.bytes.len());
    }

    /// The packets.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.bytes.get(start..*end))
    }

    /// Whether it holds no packet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// The way into the mesh for packets of the device. Cheap to clone.
#[derive(Clone)]
pub struct Outward {
    batches: mpsc::Sender<Batch>,
    spare: Arc<Spare>,
}

/// The loop's ends of a device.
pub(super) struct DeviceEnds {
    pub(super) device: Box<dyn Device>,
    batches: mpsc::Receiver<Batch>,
    /// Received while waiting, not yet encrypted.
    next: Option<Batch>,
    spare: Arc<Spare>,
}

#[derive(Default)]
struct Spare(Mutex<Vec<Batch>>);

impl Spare {
    fn with<T>(&self, act: impl FnOnce(&mut Vec<Batch>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Both ends for one mesh.
pub(super) fn ends(device: Box<dyn Device>) -> (Outward, DeviceEnds) {
    let (sender, batches) = mpsc::channel(QUEUE);
    let spare = Arc::new(Spare::default());
    (Outward { batches: sender, spare: spare.clone() }, DeviceEnds { device, batches, next: None, spare })
}

impl Outward {
    /// An empty batch, with the memory of an earlier one when there is one.
    #[must_use]
    pub fn batch(&self) -> Batch {
        self.spare.with(Vec::pop).unwrap_or_default()
    }

    /// Hands packets to the mesh. `false` when it does not keep up or has stopped: the packets are lost, as in any
    /// full queue of a network.
    pub fn send(&self, batch: Batch) -> bool {
        self.batches.try_send(batch).is_ok()
    }

    /// Like [`Outward::send`], but waits for room. Called from a thread of its own.
    ///
    /// The peer's congestion control then sees a slow link instead of a lossy one. `false` when the mesh has stopped.
    pub fn send_blocking(&self, batch: Batch) -> bool {
        self.batches.blocking_send(batch).is_ok()
    }
}

impl DeviceEnds {
    /// Waits for a batch, which [`DeviceEnds::take`] then returns.
    pub(super) async fn ready(&mut self) {
        if self.next.is_none() {
            match self.batches.recv().await {
                Some(batch) => self.next = Some(batch),
                // The reader stopped; the mesh goes on until it is told to stop.
                None => std::future::pending().await,
            }
        }
    }

    /// The next batch, when there is one.
    pub(super) fn take(&mut self) -> Option<Batch> {
        self.next.take().or_else(|| self.batches.try_recv().ok())
    }

    /// Gives an encrypted batch's memory back to the reader.
    pub(super) fn give_back(&self, mut batch: Batch) {
        batch.clear();
        self.spare.with(|spare| {
            if spare.len() < MAX_SPARE {
                spare.push(batch);
            }
        });
    }
}
