//! Rates and bursts in virtual time.

use super::*;

#[test]
fn a_bucket_passes_its_burst_and_then_its_rate() {
    let start = crate::driver::clock::now();
    let check = |per_second, burst, steps: &[(u64, usize, bool)]| {
        let mut bucket = Bucket::new(per_second, burst, start);
        for (at_ms, bytes, expect) in steps {
            let now = start + Duration::from_millis(*at_ms);
            assert_eq!(bucket.take(*bytes, now), *expect, "{bytes} bytes at {at_ms} ms of {per_second}/{burst}");
        }
    };
    check(0, 0, &[(0, 1 << 30, true), (0, 1 << 30, true)]);
    check(1000, 100, &[(0, 100, true), (0, 1, false), (10, 10, true), (10, 1, false), (5000, 100, true)]);
    check(1000, 100, &[(0, 101, false), (60_000, 101, false), (60_000, 100, true)]);
    check(1000, 0, &[(0, 1000, true), (0, 1, false), (1, 1, true)]);
    check(3, 3, &[(0, 3, true), (333, 1, false), (334, 1, true), (667, 1, true), (999, 1, false)]);
    check(u64::MAX, u64::MAX, &[(0, usize::MAX, true), (1, usize::MAX, false)]);
}
