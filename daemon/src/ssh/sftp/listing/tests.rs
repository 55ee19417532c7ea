//! Tests of listing lines.

use super::*;

#[test]
fn modes_read_as_ls_prints_them() {
    let check = |mode: u32, expect: &str| assert_eq!(mode_text(mode), expect, "{mode:o}");
    check(0o100_644, "-rw-r--r--");
    check(0o040_755, "drwxr-xr-x");
    check(0o120_777, "lrwxrwxrwx");
    check(0o104_755, "-rwsr-xr-x");
    check(0o102_644, "-rw-r-Sr--");
    check(0o041_777, "drwxrwxrwt");
    check(0o041_776, "drwxrwxrwT");
    check(0o140_600, "srw-------");
    check(0, "----------");
}

#[test]
fn recent_dates_have_a_time_and_others_a_year() {
    let now = OffsetDateTime::from_unix_timestamp(1_750_000_000).unwrap();
    let check = |modified: i64, expect: &str| assert_eq!(date(modified, now), expect, "{modified}");
    check(1_749_999_999, "Jun 15 15:06");
    check(1_700_000_000, "Nov 14  2023");
    check(1_750_000_001, "Jun 15  2025");
    check(0, "Jan  1  1970");
    check(i64::MAX, "Jan  1  1970");
}
