//! Sleeps seen by two clocks: one that counts them and one that does not. For machines whose logind says nothing. Pure.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::os::Clocks;

/// A difference that grew by less than this is reading the clocks one after the other, not a sleep.
const SLEEP: Duration = Duration::from_millis(500);

/// The difference of the clocks when all was awake.
#[derive(Debug)]
pub struct WakeWatch(Duration);

impl WakeWatch {
    /// Awake now.
    pub fn new(now: Clocks) -> Self {
        Self(now.asleep())
    }

    /// Whether the machine slept since the last time.
    pub fn jumped(&mut self, now: Clocks) -> bool {
        let asleep = now.asleep();
        let slept = asleep.saturating_sub(self.0) >= SLEEP;
        self.0 = asleep;
        slept
    }
}
