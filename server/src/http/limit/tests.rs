//! Tests of limit: given and expected, by tables where there are many.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use super::{FAILURES, Limits};

#[test]
fn guesses_are_slowed_for_the_one_who_guesses_only() {
    let (limits, now) = (Limits::default(), Instant::now());
    let [bad, good] = [1, 2].map(|last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)));
    for _ in 0..FAILURES {
        assert_eq!(limits.wait(bad, "ann", now), None);
        limits.failed(bad, "Ann", now);
    }
    assert_eq!(limits.wait(bad, "ann", now), Some(Duration::from_secs(60)));
    assert_eq!(limits.wait(bad, "bob", now), Some(Duration::from_secs(60)), "the source as a whole waits");
    assert_eq!(limits.wait(good, "ann", now), None, "the account is not locked for others");
    assert_eq!(limits.wait(bad, "ann", now + Duration::from_secs(60)), None);
}
