//! The last output of a terminal, for clients that come back. Not for output that must not be lost.

use std::collections::VecDeque;

/// How much is replayed on attach (spec: agent-rpc.md 7.2).
pub const REPLAY: usize = 64 * 1024;

/// The last [`REPLAY`] bytes that were pushed.
#[derive(Debug, Default)]
pub struct Ring {
    bytes: VecDeque<u8>,
}

impl Ring {
    /// Adds output, forgetting the oldest.
    pub fn push(&mut self, bytes: &[u8]) {
        let newest = &bytes[bytes.len().saturating_sub(REPLAY)..];
        let excess = (self.bytes.len() + newest.len()).saturating_sub(REPLAY);
        self.bytes.drain(..excess);
        self.bytes.extend(newest);
    }

    /// What is kept, oldest first.
    #[must_use]
    pub fn replay(&self) -> Vec<u8> {
        let (older, newer) = self.bytes.as_slices();
        [older, newer].concat()
    }
}

#[cfg(test)]
mod tests;
