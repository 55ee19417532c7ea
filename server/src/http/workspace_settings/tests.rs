//! Tests of workspace settings: given and expected, by tables where there are many.

use super::{check_schedule, check_ttl};

#[test]
fn a_schedule_that_is_none_names_its_field() {
    for good in [None, Some(""), Some("30 9 * * 1-5"), Some("CRON_TZ=Europe/Berlin 0 8 * * mon,fri")] {
        assert!(check_schedule(good).is_ok(), "{good:?}");
    }
    let refused = check_schedule(Some("CRON_TZ=Mars/Olympus 0 8 * * 1")).unwrap_err();
    assert_eq!(refused.status, http::StatusCode::BAD_REQUEST);
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
