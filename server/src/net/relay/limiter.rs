//! A token bucket: so many at once, then so many per second. The clock comes from the caller.

use std::time::{Duration, Instant};

#[derive(Debug)]
pub(super) struct Limiter {
    burst: u32,
    period: Duration,
    tokens: u32,
    refilled: Instant,
}

impl Limiter {
    /// `burst` at once, then one per `period`.
    pub(super) fn new(burst: u32, period: Duration, now: Instant) -> Self {
        Self { burst, period, tokens: burst, refilled: now }
    }

    /// Whether one more is allowed now.
    pub(super) fn allow(&mut self, now: Instant) -> bool {
        while self.tokens < self.burst && now.saturating_duration_since(self.refilled) >= self.period {
            self.tokens += 1;
            self.refilled += self.period;
        }
        if self.tokens == self.burst {
            self.refilled = now;
        }
        if self.tokens == 0 {
            return false;
        }
        self.tokens -= 1;
        true
    }
}
