//! How large the buffers of a new connection may be. Buffers are zeroed pages that cost memory only as data passes
//! through, so this bounds what a flood or thousands of busy streams could make of it.
//!
//! The first 64 connections get 1 MiB in each direction, the bandwidth-delay product of 80 Mbit/s at 100 ms. After that
//! each gets a share of what is left, at least 16 KiB: 4096 connections can hold 384 MiB at most.

/// What all buffers together share.
const TOTAL: usize = 256 << 20;
/// Largest buffer.
const MOST: usize = 1 << 20;
/// Smallest buffer: a window of a dozen segments.
const LEAST: usize = 16 << 10;
/// A new connection gets this part of what is left, in each direction.
const PART: usize = 128;

/// See the module.
#[derive(Debug, Default)]
pub struct Budget {
    used: usize,
}

impl Budget {
    /// The size of each of the two buffers of a new connection.
    pub fn take(&mut self) -> usize {
        let buffer = (TOTAL.saturating_sub(self.used) / PART).clamp(LEAST, MOST);
        self.used += 2 * buffer;
        buffer
    }

    /// Returns what [`Budget::take`] gave, both buffers together.
    pub fn give_back(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }
}
