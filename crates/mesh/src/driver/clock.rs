//! The one place of the mesh that reads clocks and draws randomness.
//!
//! The mesh's time goes on while the machine sleeps, because that of its peers does: `Instant` and the time that the
//! machine slept since this was first asked. The runtime's timers know nothing of sleep.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The two clocks are read one after the other; a smaller difference is that.
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);

/// How long the machine slept, in milliseconds: at the first look and one (so that zero means none), and at the last.
static FIRST: AtomicU64 = AtomicU64::new(0);
static LAST: AtomicU64 = AtomicU64::new(0);

/// The monotonic time, with sleep.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Instant {
    Instant::now() + slept()
}

/// A moment of the mesh's time in the runtime's.
pub fn for_runtime(at: Instant) -> tokio::time::Instant {
    at.checked_sub(slept()).unwrap_or(at).into()
}

/// How long the machine slept since this was first asked.
pub fn slept() -> Duration {
    let asleep = u64::try_from(asleep().as_millis()).unwrap_or(u64::MAX);
    let first = match FIRST.compare_exchange(0, asleep + 1, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => asleep,
        Err(first) => first - 1,
    };
    // It only grows, and in steps that are sleeps.
    let step = u64::try_from(SHORTEST_SLEEP.as_millis()).unwrap_or(u64::MAX);
    let grow = |last: u64| (asleep >= last.max(first) + step).then_some(asleep);
    let last = match LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow) {
        Ok(_) => asleep,
        Err(last) => last.max(first),
    };
    Duration::from_millis(last - first)
}

/// The difference of the clocks that count sleep and do not.
#[cfg(target_os = "linux")]
fn asleep() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    let read = |clock| clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
    // In this order a pause between the two looks like no sleep.
    let boot = read(ClockId::CLOCK_BOOTTIME);
    boot.saturating_sub(read(ClockId::CLOCK_MONOTONIC))
}

/// Where `Instant` stands still during sleep, and no other clock is asked, sleep is not counted.
#[cfg(not(target_os = "linux"))]
fn asleep() -> Duration {
    Duration::ZERO
}

/// The wall-clock time.
#[allow(clippy::disallowed_methods)]
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// Random bytes of the operating system.
///
/// # Errors
/// When the system has none to give, which does not happen on a running machine.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}
