//! Pauses between attempts: doubled from a shortest to a longest, from the start again after a success. Pure.

use std::time::Duration;

/// The next pause.
#[derive(Debug)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub const fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, next: shortest }
    }

    /// An attempt succeeded.
    pub fn reset(&mut self) {
        self.next = self.shortest;
    }

    /// How long to wait now.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (self.next * 2).min(self.longest);
        pause
    }
}
