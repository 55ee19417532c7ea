//! When netchecks start.

use super::*;

#[test]
fn netchecks_do_not_overlap_hurry_or_stall() {
    #[allow(clippy::disallowed_methods)] // The zero of a virtual clock.
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let mut netchecks = Netchecks::default();
    let mut check = |seconds: u64, act: &dyn Fn(&mut Netchecks), expected: Option<bool>| {
        act(&mut netchecks);
        assert_eq!(netchecks.start(at(seconds)), expected, "at {seconds}");
    };
    check(0, &|_| {}, None);
    check(0, &|netchecks| netchecks.want(at(0)), Some(true));
    check(1, &|netchecks| netchecks.want(at(1)), None);
    check(2, &|netchecks| netchecks.handle_done(), None);
    check(5, &|_| {}, Some(false));
    check(6, &|netchecks| netchecks.want(at(6)), None);
    check(19, &|_| {}, None);
    check(20, &|_| {}, Some(false));
    check(21, &|netchecks| netchecks.want_full(at(21)), Some(true));
    check(320, &|netchecks| netchecks.want(at(320)), Some(false));
    check(336, &|netchecks| netchecks.want(at(336)), Some(true));
}
