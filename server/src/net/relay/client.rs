//! One connected client as others see it: its key, what waits for it, and whom it has sent to.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use proto::derp::{Frame, GoneReason};
use proto::key::NodePublic;
use tokio::sync::Notify;

use super::queue::FrameQueue;

/// Most bytes of pongs and notices that wait: they are small, and a client that lets them pile up is about to be cut.
const MAX_NOTICES: usize = 16 * 1024;
/// Most receivers that are told when a client goes. A peer talks to few; the rest find out by time.
const MAX_RECEIVERS: usize = 4096;

pub(super) struct Client {
    pub(super) id: u64,
    pub(super) key: NodePublic,
    waiting: Mutex<Waiting>,
    wake: Notify,
    is_duplicate: AtomicBool,
    receivers: Mutex<HashSet<NodePublic>>,
}

#[derive(Default)]
struct Waiting {
    /// Pongs, notices of gone peers: encoded, always first.
    notices: BytesMut,
    /// Path discovery goes before data: it is what makes the relay unnecessary.
    disco: FrameQueue,
    packets: FrameQueue,
}

/// What a writer took out, in the order it is to be written.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) notices: BytesMut,
    pub(super) disco: Vec<u8>,
    pub(super) disco_start: usize,
    pub(super) packets: Vec<u8>,
    pub(super) packets_start: usize,
}

impl Client {
    pub(super) fn new(id: u64, key: NodePublic) -> Self {
        Self {
            id,
            key,
            waiting: Mutex::default(),
            wake: Notify::new(),
            is_duplicate: AtomicBool::new(false),
            receivers: Mutex::default(),
        }
    }

    /// Queues whole frames that stand one behind the other, each of the length given. Returns how many were dropped.
    pub(super) fn push_packets(&self, mut run: &[u8], lengths: &[usize], is_disco: bool) -> u64 {
        let mut waiting = self.waiting();
        let was_empty = waiting.is_empty();
        let queue = if is_disco { &mut waiting.disco } else { &mut waiting.packets };
        let mut dropped = 0;
        for &length in lengths {
            let Some((frame, rest)) = run.split_at_checked(length) else { break };
            dropped += queue.push(frame);
            run = rest;
        }
        drop(waiting);
        if was_empty {
            self.wake.notify_one();
        }
        dropped
    }

    pub(super) fn tell_gone(&self, key: NodePublic, reason: GoneReason) {
        self.push_notice(&Frame::PeerGone(key, reason));
    }

    pub(super) fn push_notice(&self, frame: &Frame) {
        let mut waiting = self.waiting();
        if waiting.notices.len() > MAX_NOTICES {
            return;
        }
        let was_empty = waiting.is_empty();
        // Notices are far below every cap, encoding one cannot fail.
        let _ = frame.encode(&mut waiting.notices);
        drop(waiting);
        if was_empty {
            self.wake.notify_one();
        }
    }

    /// Swaps all that waits into `batch`. Whether there was something.
    pub(super) fn take(&self, batch: &mut Batch) -> bool {
        let mut waiting = self.waiting();
        if waiting.is_empty() {
            return false;
        }
        batch.notices = waiting.notices.split();
        batch.disco_start = waiting.disco.take(&mut batch.disco);
        batch.packets_start = waiting.packets.take(&mut batch.packets);
        true
    }

    /// Resolves when something waits (or waited: take and see).
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Gives memory back after a busy time.
    pub(super) fn shrink(&self) {
        let mut waiting = self.waiting();
        waiting.disco.shrink();
        waiting.packets.shrink();
    }

    pub(super) fn set_duplicate(&self, is_duplicate: bool) {
        self.is_duplicate.store(is_duplicate, Ordering::Relaxed);
    }

    pub(super) fn is_duplicate(&self) -> bool {
        self.is_duplicate.load(Ordering::Relaxed)
    }

    /// Notes whom this client sends to, once per receiver and change of the table.
    pub(super) fn note_receiver(&self, key: NodePublic) {
        let mut receivers = self.receivers.lock().unwrap_or_else(PoisonError::into_inner);
        if receivers.len() < MAX_RECEIVERS {
            receivers.insert(key);
        }
    }

    pub(super) fn take_receivers(&self) -> HashSet<NodePublic> {
        std::mem::take(&mut self.receivers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.notices.is_empty() && self.disco.is_empty() && self.packets.is_empty()
    }
}
