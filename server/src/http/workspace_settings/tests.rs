//! Tests of workspace settings: given and expected, by tables where there are many.

use super::{check_schedule, check_ttl};

#[test]
fn schedules_have_the_form_of_the_wire() {
    for good in ["", "30 9 * * 1-5", "CRON_TZ=Europe/Berlin 0 8 * * mon,fri"] {
        assert!(check_schedule(Some(good)).is_ok(), "{good}");
    }
    assert!(check_schedule(None).is_ok());
    for bad in ["30 9 * *", "30 9 1 * 1-5", "30 9 * 2 1-5", "; rm -rf / * *", &format!("{} 9 * * 1", "1".repeat(200))] {
        assert!(check_schedule(Some(bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_time_to_live_is_a_minute_to_thirty_days() {
    for good in [None, Some(0), Some(60_000), Some(2_592_000_000)] {
        assert!(check_ttl(good).is_ok(), "{good:?}");
    }
    for bad in [-1, 59_999, 2_592_000_001, i64::MAX] {
        assert!(check_ttl(Some(bad)).is_err(), "{bad}");
    }
}
