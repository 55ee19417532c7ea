//! What two clocks say about sleep.

use super::*;

#[test]
fn only_a_clock_that_ran_ahead_is_a_sleep() {
    let clocks =
        |boot: u64, awake: u64| Clocks { boot: Duration::from_millis(boot), awake: Duration::from_millis(awake) };
    let mut watch = WakeWatch::new(clocks(10_000, 10_000));
    let rows = [
        (11_000, 11_000, false),
        (12_020, 12_000, false),
        (612_020, 12_500, true),
        (613_020, 13_500, false),
        (614_700, 14_600, true),
        (615_100, 15_000, false),
        (615_100, 15_900, false),
    ];
    for (boot, awake, expect) in rows {
        assert_eq!(watch.jumped(clocks(boot, awake)), expect, "{boot} {awake}");
    }
}
