//! The token that keeps our peer id when the control connection is dialled again. The clock is an argument.

use std::time::{Duration, Instant};

use proto::secret::Secret;
use proto::tailnet::RefreshResumeTokenResponse;

/// When the server does not say when to ask again.
const DEFAULT_REFRESH: Duration = Duration::from_secs(30 * 60);
/// Never ask more often, whatever the server says.
const SHORTEST_REFRESH: Duration = Duration::from_secs(10);

/// The token, while it is good.
#[derive(Debug, Default)]
pub struct Resume {
    token: Option<(Secret, Instant)>,
}

impl Resume {
    /// Takes a fresh token; returns after which time to ask for the next. `wall` is the wall clock, in seconds since
    /// the Unix epoch, because the server names an absolute end.
    pub fn accept(&mut self, answer: RefreshResumeTokenResponse, now: Instant, wall: i64) -> Duration {
        let seconds = answer.expires_at.map_or(0, |end| end.seconds.saturating_sub(wall));
        let good_for = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        self.token = now
            .checked_add(good_for)
            .filter(|end| *end > now && !answer.token.is_empty())
            .map(|end| (Secret::new(answer.token), end));
        let refresh = answer.refresh_in.map_or(Duration::ZERO, proto::wkt::Duration::to_std);
        if refresh.is_zero() { DEFAULT_REFRESH } else { refresh.max(SHORTEST_REFRESH) }
    }

    /// The token to dial with.
    pub fn token(&self, now: Instant) -> Option<&Secret> {
        self.token.as_ref().filter(|(_, end)| *end > now).map(|(token, _)| token)
    }

    /// The server does not accept it.
    pub fn forget(&mut self) {
        self.token = None;
    }
}
