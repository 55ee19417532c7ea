//! When a session is looked at, renewed, or its person warned. Pure: the time is an argument.
//!
//! Deployments move the end of a session while it is used, and a look is a use: nothing has to be done there but to look. A
//! key with a fixed end is replaced by a new one in time, where the deployment allows that.

use time::{Duration, OffsetDateTime};

/// Between two looks at a key.
const LOOK: Duration = Duration::hours(6);
/// A key is replaced when it has less than this left, or less than half of its life.
const RENEW: Duration = Duration::hours(48);
/// A person is warned when a key that cannot be replaced has less than this left, or less than a quarter of its life.
const WARN: Duration = Duration::hours(24);
/// After an attempt that failed for the moment.
const RETRY: Duration = Duration::minutes(15);

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When it ends.
    pub ends: OffsetDateTime,
    /// How long it was made for; zero when that is not known.
    pub lifetime: Duration,
}

/// How the last attempt at a new key went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Attempt {
    /// There was none.
    #[default]
    None,
    /// It failed for now: the deployment or the keyring did not answer.
    Failed,
    /// The deployment makes no new key for us.
    Refused,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing before this time; look again then.
    LookAt(OffsetDateTime),
    /// Make a new key.
    Renew,
    /// Tell the person, then look again at this time.
    Warn(OffsetDateTime),
    /// It is over.
    Over,
}

/// What is to be done about a key.
#[must_use]
pub fn next(life: Life, attempt: Attempt, now: OffsetDateTime) -> Step {
    let left = life.ends - now;
    if !left.is_positive() {
        return Step::Over;
    }
    let part = |longest: Duration, parts: i32| {
        if life.lifetime.is_positive() { longest.min(life.lifetime / parts) } else { longest }
    };
    let (renew, warn) = (part(RENEW, 2), part(WARN, 4));
    let soon = |longest: Duration| now + longest.min(left);
    match attempt {
        Attempt::Refused if left <= warn => Step::Warn(soon(LOOK)),
        Attempt::Refused => Step::LookAt(soon(LOOK.min(left - warn))),
        _ if left > renew => Step::LookAt(soon(LOOK.min(left - renew))),
        Attempt::None => Step::Renew,
        // Whatever the cause is, a person can sign in.
        Attempt::Failed if left <= warn => Step::Warn(soon(RETRY)),
        Attempt::Failed => Step::LookAt(soon(RETRY)),
    }
}

/// The id of a token's key, by which the deployment knows it: the part before its dash.
#[must_use]
pub fn key_id(token: &str) -> Option<&str> {
    let (id, secret) = token.split_once('-')?;
    let is_id = !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_id && !secret.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests;
