//! The rate that a relay asked its client to keep: a token bucket of bytes. Pure: time is an argument.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_passes_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let check = |per_second, burst, steps: &[(u64, usize, bool)]| {
            let mut bucket = Bucket::new(per_second, burst, start);
            for (at_ms, bytes, expect) in steps {
                let now = start + Duration::from_millis(*at_ms);
                assert_eq!(bucket.take(*bytes, now), *expect, "{bytes} bytes at {at_ms} ms of {per_second}/{burst}");
            }
        };
        check(0, 0, &[(0, 1 << 30, true), (0, 1 << 30, true)]);
        check(1000, 100, &[(0, 100, true), (0, 1, false), (10, 10, true), (10, 1, false), (5000, 100, true)]);
        check(1000, 100, &[(0, 101, false), (60_000, 101, false), (60_000, 100, true)]);
        check(1000, 0, &[(0, 1000, true), (0, 1, false), (1, 1, true)]);
        check(3, 3, &[(0, 3, true), (333, 1, false), (334, 1, true), (667, 1, true), (999, 1, false)]);
        check(u64::MAX, u64::MAX, &[(0, usize::MAX, true), (1, usize::MAX, false)]);
    }
}
