//! How long a session lives on when it is used: the end that it gets, and how seldom that is written. Pure: the time is an
//! argument.
//!
//! A session that is used goes on, one that is left alone ends. A named token was asked for with an end and keeps it.

use proto::rest::Time;
use time::Duration;

/// Between two writes of the end of one key.
const WRITE_EVERY: Duration = Duration::hours(1);

/// What the end of a key follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When it ends.
    pub ends: Time,
    /// How long it lasts after a use.
    pub lifetime: Duration,
    /// It is a session, no named token.
    pub is_session: bool,
    /// Another key that it must not outlive.
    pub bound: Bound,
}

/// Whether a key is bound to another one: a session that a link opened ends with the key that made the link at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It stands alone.
    Free,
    /// The other key ends then.
    Until(Time),
    /// The other key is gone: this one keeps the end that it had.
    Gone,
}

/// The end that a key gets by being used now. `None` leaves it as it is: it is over, has a fixed end, or would live on by
/// less than an hour.
#[must_use]
pub fn extended(life: Life, now: Time) -> Option<Time> {
    if !life.is_session || life.ends <= now {
        return None;
    }
    let wanted = Time(now.0.checked_add(life.lifetime)?);
    let end = match life.bound {
        Bound::Free => wanted,
        Bound::Until(other) => wanted.min(other),
        Bound::Gone => return None,
    };
    (end.0 - life.ends.0 >= WRITE_EVERY).then_some(end)
}

#[cfg(test)]
mod tests;
