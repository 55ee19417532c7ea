//! Pauses and resume tokens, in virtual time.

use std::time::{Duration, Instant};

use proto::tailnet::RefreshResumeTokenResponse;
use proto::wkt;

use super::backoff::Backoff;
use super::resume::Resume;

#[test]
fn pauses_double_up_to_ten_seconds() {
    let mut backoff = Backoff::default();
    let pauses: Vec<u128> = (0..10).map(|_| backoff.pause(0).as_millis()).collect();
    assert_eq!(pauses, [50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    let shorter = backoff.pause(255);
    assert!(shorter < Duration::from_secs(10) && shorter > Duration::from_secs(7), "{shorter:?}");
    backoff.reset();
    assert_eq!(backoff.pause(0), Duration::from_millis(50));
}

#[test]
fn tokens_are_used_while_they_are_good() {
    #[track_caller]
    fn check(token: &str, expires_in: Option<i64>, refresh: Option<i64>, after: u64, expect: bool, again: u64) {
        let (now, wall) = (Instant::now(), 1_800_000_000);
        let answer = RefreshResumeTokenResponse {
            token: token.into(),
            refresh_in: refresh.map(|seconds| wkt::Duration { seconds, nanos: 0 }),
            expires_at: expires_in.map(|seconds| wkt::Timestamp { seconds: wall + seconds, nanos: 0 }),
            peer_id: Vec::new(),
        };
        let mut resume = Resume::default();
        assert_eq!(resume.accept(answer, now, wall), Duration::from_secs(again));
        assert_eq!(resume.token(now + Duration::from_secs(after)).is_some(), expect);
        resume.forget();
        assert!(resume.token(now).is_none());
    }
    check("t", Some(86_400), Some(43_200), 0, true, 43_200);
    check("t", Some(86_400), Some(43_200), 86_399, true, 43_200);
    check("t", Some(86_400), Some(43_200), 86_400, false, 43_200);
    check("t", Some(86_400), None, 0, true, 1800);
    check("t", Some(86_400), Some(0), 0, true, 1800);
    check("t", Some(86_400), Some(1), 0, true, 10);
    check("t", Some(86_400), Some(-5), 0, true, 1800);
    check("t", Some(-1), Some(60), 0, false, 60);
    check("t", None, Some(60), 0, false, 60);
    check("t", Some(i64::MAX - 1_800_000_000), Some(60), 0, true, 60);
    check("t", Some(i64::MIN + 1_800_000_000), Some(60), 0, false, 60);
    check("", Some(86_400), Some(60), 0, false, 60);
}
