//! The one place of the mesh that reads clocks and draws randomness.

use std::time::{Instant, SystemTime};

/// The monotonic time.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Instant {
    Instant::now()
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
