//! Sequences of reports and the home after each.

use super::*;

/// Seconds since the start, (region, milliseconds) measured, home afterwards.
type Step<'a> = (u64, &'a [(i32, u64)], i32);

fn check(steps: &[Step<'_>]) {
    #[allow(clippy::disallowed_methods)] // The zero of a virtual clock.
    let start = Instant::now();
    let known = [1, 2, 3].into();
    let mut home = Home::default();
    for (at, measured, expected) in steps {
        let latency = |ms: u64| Some(Duration::from_millis(ms));
        let report =
            measured.iter().map(|(region, ms)| RelayLatency { region: *region, v4: latency(*ms), v6: None }).collect();
        assert_eq!(home.choose(report, &known, 1, start + Duration::from_secs(*at)), *expected, "at {at} of {steps:?}");
    }
}

#[test]
fn home_is_the_fastest_with_hysteresis() {
    check(&[(0, &[(1, 50), (2, 20)], 2)]);
    check(&[(0, &[(1, 50)], 1), (20, &[(1, 50), (2, 41)], 1)]);
    check(&[(0, &[(1, 50)], 1), (20, &[(1, 50), (2, 34)], 1)]);
    check(&[(0, &[(1, 50)], 1), (20, &[(1, 50), (2, 33)], 2)]);
    check(&[(0, &[(1, 9)], 1), (20, &[(1, 9), (2, 1)], 1)]);
    // The old home is judged by its best of five minutes, so one slow answer moves nobody.
    check(&[(0, &[(1, 20), (2, 30)], 1), (20, &[(1, 500), (2, 30)], 1)]);
    check(&[(0, &[(1, 20), (2, 30)], 1), (301, &[(1, 500), (2, 30)], 2)]);
    // An unreachable home is left at once.
    check(&[(0, &[(1, 20), (2, 90)], 1), (20, &[(2, 90)], 2)]);
    // Unknown regions do not count.
    check(&[(0, &[(9, 1), (2, 90)], 2)]);
    // Nothing measured: keep it, or draw one.
    check(&[(0, &[(3, 20)], 3), (20, &[], 3)]);
    check(&[(0, &[], 2)]);
}

#[test]
fn scores_and_avoided_regions_count() {
    #[allow(clippy::disallowed_methods)] // The zero of a virtual clock.
    let now = Instant::now();
    let region = |avoid| proto::derp_map::Region { avoid, ..Default::default() };
    let scores = |scores: &[(i32, f64)]| {
        let region_score = scores.iter().copied().collect();
        Some(proto::derp_map::HomeParams { region_score })
    };
    let check = |home_params, avoid: [bool; 2], expected: i32| {
        let regions = [(1, region(avoid[0])), (2, region(avoid[1]))].into();
        let mut home = Home::default();
        home.set_map(&DerpMap { home_params, regions });
        let measured = [(1, 20), (2, 30)].map(|(region, ms)| RelayLatency {
            region,
            v4: None,
            v6: Some(Duration::from_millis(ms)),
        });
        assert_eq!(home.choose(measured.into(), &[1, 2].into(), 0, now), expected);
    };
    check(None, [false, false], 1);
    check(None, [true, false], 2);
    check(scores(&[(1, 2.0)]), [false, false], 2);
    check(scores(&[(2, 0.5)]), [false, false], 2);
    check(scores(&[(1, 0.0), (2, -1.0)]), [false, false], 1);
    check(scores(&[(1, f64::NAN), (2, f64::INFINITY)]), [false, false], 1);
    check(scores(&[(1, f64::MAX)]), [false, false], 2);
}
