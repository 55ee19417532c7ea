//! Moves and sleeps.

use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use super::Surroundings;

#[test]
fn moves_and_sleeps_are_told_from_time_passing() {
    #[track_caller]
    fn check(source: &str, awake: u64, passed: i64, expect: bool) {
        let (instant, wall) = (Instant::now(), SystemTime::now());
        let here: IpAddr = "10.0.0.1".parse().unwrap();
        let before = Surroundings { sources: [Some(here), None], clocks: (instant, wall) };
        let step = Duration::from_secs(passed.unsigned_abs());
        let later = if passed < 0 { wall - step } else { wall + step };
        let clocks = (instant + Duration::from_secs(awake), later);
        let now = Surroundings { sources: [source.parse().ok(), None], clocks };
        assert_eq!(now.differs(&before), expect, "{source} {awake} {passed}");
    }
    check("10.0.0.1", 3, 3, false);
    check("10.0.0.2", 3, 3, true);
    check("none", 3, 3, true);
    check("10.0.0.1", 3, 600, true);
    check("10.0.0.1", 600, 603, false);
    check("10.0.0.1", 3, -3600, false);
}
