//! When to say goodbye: after every stream has finished, or when its time is up. The peers forget us as soon as they
//! hear it, so a goodbye that overtakes the end of a stream cuts it off, and its sender waits for nobody. Pure.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// How long streams may finish before goodbye is said.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Say goodbye to the coordinator.
    Say,
    /// Say goodbye and end the loop.
    SayAndStop,
    /// End the loop; goodbye was said before.
    Stop,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Farewell {
    /// Until when streams may finish, once somebody wants to leave.
    until: Option<Instant>,
    is_said: bool,
    stops: bool,
}

impl Farewell {
    /// Goodbye is to be said; with `stops`, the mesh ends then.
    pub fn ask(&mut self, stops: bool, now: Instant) {
        self.stops |= stops;
        // After a goodbye nothing can be delivered any more: no second wait.
        let patience = if self.is_said { Duration::ZERO } else { PATIENCE };
        self.until.get_or_insert(now + patience);
    }

    /// A new coordination: whoever was told goodbye hears of us again.
    pub fn take_back(&mut self) {
        self.is_said = false;
    }

    /// When [`Farewell::step`] has something to do at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// What to do, when the streams are (or are not) all delivered.
    pub fn step(&mut self, is_delivered: bool, now: Instant) -> Option<Step> {
        let until = self.until?;
        if !is_delivered && now < until {
            return None;
        }
        self.until = None;
        match (std::mem::replace(&mut self.is_said, true), self.stops) {
            (false, true) => Some(Step::SayAndStop),
            (true, true) => Some(Step::Stop),
            (false, false) => Some(Step::Say),
            (true, false) => None,
        }
    }
}
