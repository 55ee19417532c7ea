//! Waiting before the next dial, and what a failed call means.

use std::time::Duration;

use rpc::RpcError;

use super::backoff::Backoff;
use super::call::{Pause, is_unsupported};

#[test]
fn waiting_grows_to_ten_seconds_and_is_scattered() {
    let (mut shortest, mut longest) = (Backoff::default(), Backoff::default());
    let mut former = Duration::ZERO;
    for _ in 0..40 {
        let (low, high) = (shortest.next(0), longest.next(255));
        assert!(low >= high / 2 - Duration::from_millis(1) && low < high, "{low:?} {high:?}");
        assert!(high >= former && high <= Duration::from_secs(10));
        former = high;
    }
    assert_eq!(former, Duration::from_secs(10));
}

#[test]
fn a_good_connection_starts_the_waiting_over() {
    let after = |lived| {
        let mut backoff = Backoff::default();
        for _ in 0..20 {
            backoff.next(255);
        }
        backoff.lived(lived);
        backoff.next(255)
    };
    assert_eq!(after(Duration::from_secs(60)), Duration::from_millis(100));
    assert_eq!(after(Duration::from_millis(50)), Duration::from_secs(10));
}

#[test]
fn pauses_between_tries_of_a_call() {
    let mut pause = Pause::default();
    let seconds: Vec<_> = (0..7).map(|_| pause.next().as_secs()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn which_errors_mean_that_a_call_is_unsupported() {
    let remote = |code, text: &str| RpcError::Remote { code, text: text.into() };
    let check = |error: RpcError, expect| assert_eq!(is_unsupported(&error), expect, "{error:?}");
    check(remote(12, "unimplemented"), true);
    check(remote(0, "protocol error: unknown rpc: \"/x/Y\""), true);
    check(remote(0, "database is busy"), false);
    check(remote(5, "not found"), false);
    check(RpcError::Closed, false);
    check(RpcError::Deadline, false);
}
