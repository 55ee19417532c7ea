//! One look for many notices: due when it was quiet for a moment, or when it was never quiet. Pure.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::time::Instant;

/// Quiet after the last notice: kernels and network managers speak in bursts.
const QUIET: Duration = Duration::from_millis(250);
/// Longest wait when it is never quiet; together with the look itself it stays below two seconds.
const LONGEST: Duration = Duration::from_secs(1);

/// What was noticed and not looked at.
#[derive(Debug, Default)]
pub struct Debounce {
    noticed: Option<(Instant, Instant)>,
    again: Option<Instant>,
}

impl Debounce {
    /// Something happened.
    pub fn note(&mut self, now: Instant) {
        let first = self.noticed.map_or(now, |(first, _)| first);
        self.noticed = Some((first, now));
    }

    /// Look again at this time, whatever happens.
    pub fn again(&mut self, at: Instant) {
        self.again = Some(at);
    }

    /// When to look.
    pub fn due(&self) -> Option<Instant> {
        let noticed = self.noticed.map(|(first, last)| (last + QUIET).min(first + LONGEST));
        noticed.into_iter().chain(self.again).min()
    }

    /// Whether to look now.
    pub fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// All was looked at.
    pub fn settled(&mut self) {
        *self = Self::default();
    }
}
