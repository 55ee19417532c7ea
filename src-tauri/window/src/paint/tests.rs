//! Once again, then words.

use std::time::Duration;

use super::{Next, next, patience};

#[test]
fn it_starts_again_once() {
    assert_eq!(next(false, false), Next::Again);
    assert_eq!(next(true, true), Next::GiveUp);
    assert_eq!(next(true, false), Next::GiveUp);
    assert_eq!(next(false, true), Next::GiveUp, "what did not help will not help");
}

#[test]
fn three_seconds_unless_told_otherwise() {
    assert_eq!(patience(|_| None), Duration::from_secs(3));
    assert_eq!(patience(|_| Some("30000".into())), Duration::from_secs(30));
    assert_eq!(patience(|_| Some("0".into())), Duration::from_millis(100));
    assert_eq!(patience(|_| Some("soon".into())), Duration::from_secs(3));
}
