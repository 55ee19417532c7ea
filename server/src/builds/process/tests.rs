//! Tests of process: given and expected, by tables where there are many.

use super::parse_start_time;

fn check(stat: &str, expect: Option<u64>) {
    assert_eq!(parse_start_time(stat), expect, "{stat}");
}

#[test]
fn the_start_time_of_any_name() {
    let rest = "1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2";
    check(&format!("42 (daemon) S {rest}"), Some(987_654));
    check(&format!("42 (a) R 1 2) S {rest}"), Some(987_654));
    check(&format!("42 (daemon) Z {rest}"), None);
    for bad in ["", "42", "42 (x", "42 (x)", "42 (x) S 1 2 3"] {
        check(bad, None);
    }
}
