//! Frames that wait for one receiver, in one piece of memory that is written to its socket as it is.
//!
//! Full means the oldest go: a packet that waited long is worth less than a new one. Not here: locks and wake-ups.

use std::collections::VecDeque;

/// Most frames that wait: a window of 1 MiB, the most that common TCP stacks inside a tunnel send at once, in 860
/// packets, and some of others. (The least is 512, spec `derp-disco-stun.md` 3.)
pub const MAX_FRAMES: usize = 1024;
/// Most bytes that wait: about as much as that many full-size WireGuard packets. Without it as many of the longest
/// packets would be 64 MiB for one client that does not read.
pub const MAX_BYTES: usize = 1400 * 1024;

/// Space of dropped frames is reclaimed in steps of at least this, so that dropping costs little per byte.
const RECLAIM: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct FrameQueue {
    bytes: Vec<u8>,
    /// Where the oldest frame starts.
    start: usize,
    lengths: VecDeque<u32>,
}

impl FrameQueue {
    /// Appends one frame. Returns how many of the oldest had to go.
    pub(super) fn push(&mut self, frame: &[u8]) -> u64 {
        let Ok(length) = u32::try_from(frame.len()) else { return 1 };
        let mut dropped = 0;
        while self.lengths.len() >= MAX_FRAMES || self.waiting() + frame.len() > MAX_BYTES {
            let Some(oldest) = self.lengths.pop_front() else { return dropped + 1 };
            self.start += oldest as usize;
            dropped += 1;
        }
        if self.start >= RECLAIM && self.start >= self.bytes.len() / 2 {
            self.bytes.copy_within(self.start.., 0);
            self.bytes.truncate(self.bytes.len() - self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(frame);
        self.lengths.push_back(length);
        dropped
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Swaps all that waits into `out`, whose memory serves the next frames. Returns where in `out` it starts.
    pub(super) fn take(&mut self, out: &mut Vec<u8>) -> usize {
        out.clear();
        self.lengths.clear();
        std::mem::swap(&mut self.bytes, out);
        std::mem::take(&mut self.start)
    }

    /// Gives memory back when nothing waits.
    pub(super) fn shrink(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }

    fn waiting(&self) -> usize {
        self.bytes.len() - self.start
    }
}
