//! Pauses between attempts to reach the control server: 50 ms, doubled up to 10 s, from the start again after a success.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(50);
pub const LONGEST: Duration = Duration::from_secs(10);

/// The next pause.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: SHORTEST }
    }
}

impl Backoff {
    /// An attempt succeeded.
    pub fn reset(&mut self) {
        self.next = SHORTEST;
    }

    /// How long to wait now. `random` (any number) takes up to a quarter off, so that clients of a restarted server
    /// do not return as one.
    pub fn pause(&mut self, random: u8) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        whole - whole * u32::from(random) / 1024
    }
}
