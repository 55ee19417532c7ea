//! The rate that a relay asked its client to keep: a token bucket of bytes. Pure: time is an argument.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// See the module.
#[derive(Debug)]
pub struct Bucket {
    per_second: u64,
    burst: u64,
    tokens: u64,
    filled_at: Instant,
}

impl Bucket {
    /// A full bucket; a rate of 0 lets everything pass.
    pub fn new(per_second: u64, burst: u64, now: Instant) -> Self {
        let burst = if burst == 0 { per_second } else { burst };
        Self { per_second, burst, tokens: burst, filled_at: now }
    }

    /// Whether so many bytes may be sent now; if so they are taken out.
    pub fn take(&mut self, bytes: usize, now: Instant) -> bool {
        if self.per_second == 0 {
            return true;
        }
        self.fill(now);
        let bytes = bytes as u64;
        let enough = self.tokens >= bytes;
        if enough {
            self.tokens -= bytes;
        }
        enough
    }

    fn fill(&mut self, now: Instant) {
        let waited = now.saturating_duration_since(self.filled_at);
        let nanos = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        let fresh = u128::from(nanos) * u128::from(self.per_second) / 1_000_000_000;
        let fresh = u64::try_from(fresh).unwrap_or(u64::MAX);
        if fresh > 0 {
            self.tokens = self.tokens.saturating_add(fresh).min(self.burst);
            // Only the time that made whole tokens is used up.
            let used = u128::from(fresh) * 1_000_000_000 / u128::from(self.per_second);
            self.filled_at += Duration::from_nanos(u64::try_from(used).unwrap_or(u64::MAX)).min(waited);
        }
    }
}
