//! When to stop putting our lines back into a file that somebody else keeps overwriting. Pure.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// So often within [`WINDOW`] are our lines put back; the next time is a fight, which nobody wins.
const REWRITES: usize = 3;
const WINDOW: Duration = Duration::from_secs(60);

/// The last rewrites.
#[derive(Debug, Default)]
pub struct Fight {
    rewrites: VecDeque<Instant>,
    given_up: bool,
}

impl Fight {
    /// Somebody overwrote the file: whether our lines are to be put back.
    pub fn overwritten(&mut self, now: Instant) -> bool {
        while self.rewrites.front().is_some_and(|then| now.duration_since(*then) >= WINDOW) {
            self.rewrites.pop_front();
        }
        if self.given_up || self.rewrites.len() >= REWRITES {
            self.given_up = true;
            return false;
        }
        self.rewrites.push_back(now);
        true
    }

    /// Whether we stopped.
    pub fn is_given_up(&self) -> bool {
        self.given_up
    }
}
