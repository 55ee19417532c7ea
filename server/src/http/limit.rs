//! The slowing of password guesses: counts failures per minute, per source and per account. Told the time.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that one source or one account may make in a [`WINDOW`].
const FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Sources and accounts remembered; beyond, the oldest windows are dropped first.
const REMEMBERED: usize = 10_000;

/// Failed sign-ins of the last minute. An account is blocked only for the source that guesses, so that nobody can lock
/// somebody else out.
#[derive(Default)]
pub struct Limits {
    by_source: Mutex<HashMap<IpAddr, Window>>,
    by_account: Mutex<HashMap<(IpAddr, String), Window>>,
}

struct Window {
    began: Instant,
    failures: u32,
}

impl Limits {
    /// How long to wait before another try; none when it may be made.
    #[must_use]
    pub fn wait(&self, source: IpAddr, account: &str, now: Instant) -> Option<Duration> {
        let account = (source, account.to_lowercase());
        left(&self.by_source, &source, now).max(left(&self.by_account, &account, now))
    }

    /// A try failed.
    pub fn failed(&self, source: IpAddr, account: &str, now: Instant) {
        count(&self.by_source, source, now);
        count(&self.by_account, (source, account.to_lowercase()), now);
    }
}

fn left<K: Eq + Hash>(windows: &Mutex<HashMap<K, Window>>, key: &K, now: Instant) -> Option<Duration> {
    let windows = windows.lock().unwrap_or_else(PoisonError::into_inner);
    let window = windows.get(key).filter(|window| window.failures >= FAILURES)?;
    WINDOW.checked_sub(now.saturating_duration_since(window.began)).filter(|left| !left.is_zero())
}

fn count<K: Eq + Hash>(windows: &Mutex<HashMap<K, Window>>, key: K, now: Instant) {
    let mut windows = windows.lock().unwrap_or_else(PoisonError::into_inner);
    let is_over = |window: &Window| now.saturating_duration_since(window.began) >= WINDOW;
    if windows.len() >= REMEMBERED {
        windows.retain(|_, window| !is_over(window));
    }
    if windows.len() >= REMEMBERED && !windows.contains_key(&key) {
        return;
    }
    let window = windows.entry(key).or_insert(Window { began: now, failures: 0 });
    if is_over(window) {
        *window = Window { began: now, failures: 0 };
    }
    window.failures = window.failures.saturating_add(1);
}

#[cfg(test)]
mod tests;
