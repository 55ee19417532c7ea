//! How long to wait before the server is dialled again: 100 ms growing to 10 s, scattered so that all daemons of a
//! restarted server do not come back in the same instant. No clock, no randomness: both are the caller's.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);
const GROWTH: f64 = 1.6;
/// A connection that lived this long was a good one.
const GOOD: Duration = Duration::from_secs(10);

/// The state of waiting.
#[derive(Debug)]
pub struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// A connection ended after this long; a good one starts the waiting over.
    pub fn lived(&mut self, span: Duration) {
        if span >= GOOD {
            *self = Self::default();
        }
    }

    /// The next wait: between half of the current span and all of it. `random` scatters.
    pub fn next(&mut self, random: u8) -> Duration {
        let span = self.0;
        self.0 = span.mul_f64(GROWTH).min(LONGEST);
        span / 2 + span.mul_f64(f64::from(random) / 510.0)
    }
}
