//! Tables: columns, order, foreign text.

use super::*;

struct Row(&'static str, u32);

const COLUMNS: &[Column<Row>] =
    &[Column { name: "name", cell: |row| row.0.to_owned() }, Column { name: "age", cell: |row| row.1.to_string() }];

#[test]
fn tables_show_the_wanted_columns_and_nothing_harmful() {
    #[track_caller]
    fn check(rows: &[Row], wanted: &[&str], expect: Option<&str>) {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(render(rows, COLUMNS, &wanted, &["name", "age"]).ok().as_deref(), expect, "{wanted:?}");
    }
    let rows = [Row("box", 3), Row("a-long-name", 10)];
    check(&rows, &[], Some("NAME         AGE\nbox          3\na-long-name  10"));
    check(&rows, &["age,name"], Some("AGE  NAME\n3    box\n10   a-long-name"));
    check(&rows, &["Age", " NAME"], Some("AGE  NAME\n3    box\n10   a-long-name"));
    check(&rows, &["size"], None);
    check(&[], &[], Some("NAME  AGE"));
    check(&[Row("\x1b[31mred\nline", 1)], &["name"], Some("NAME\n\u{fffd}[31mred\u{fffd}line"));
}

#[test]
fn spans_have_two_units() {
    #[track_caller]
    fn check(given: i64, expect: &str) {
        assert_eq!(span(given), expect);
    }
    check(-5, "0s");
    check(0, "0s");
    check(59, "59s");
    check(60, "1m0s");
    check(3599, "59m59s");
    check(3600, "1h0m");
    check(86_399, "23h59m");
    check(86_400, "1d0h");
    check(93_600, "1d2h");
}

#[test]
fn moments_are_told_from_now() {
    #[track_caller]
    fn check(then: i64, expect: &str) {
        let moment_at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        assert_eq!(moment(moment_at(then), moment_at(1_000_000)), expect);
    }
    check(1_000_000, "0s ago");
    check(999_700, "5m0s ago");
    check(1_000_000 + 86_400 * 30, "in 30d0h");
    check(1_000_001, "in 1s");
    // Year 1, which is what the field's servers write for "no time".
    check(-62_135_596_800, "never");
}
