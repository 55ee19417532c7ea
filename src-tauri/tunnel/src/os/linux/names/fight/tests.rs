//! Three times in a minute, then never again.

use super::*;

#[test]
fn three_rewrites_a_minute_and_then_none() {
    let start = Instant::now();
    let check = |seconds: &[u64], expect: &[bool]| {
        let mut fight = Fight::default();
        let answers: Vec<bool> = seconds.iter().map(|at| fight.overwritten(start + Duration::from_secs(*at))).collect();
        assert_eq!(answers, expect, "{seconds:?}");
        assert_eq!(fight.is_given_up(), expect.contains(&false));
    };
    check(&[0], &[true]);
    check(&[0, 1, 2], &[true, true, true]);
    check(&[0, 1, 2, 3], &[true, true, true, false]);
    check(&[0, 1, 2, 3, 500], &[true, true, true, false, false]);
    check(&[0, 30, 59, 60, 91], &[true, true, true, true, true]);
    check(&[0, 30, 59, 60, 61], &[true, true, true, true, false]);
}
