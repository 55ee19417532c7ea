//! When one look for many notices is due.

use super::*;

#[test]
fn due_after_quiet_or_after_the_longest_wait() {
    let start = Instant::now();
    let at = |ms: u64| start + Duration::from_millis(ms);
    let check = |notices: &[u64], again: Option<u64>, expect: Option<u64>| {
        let mut debounce = Debounce::default();
        notices.iter().for_each(|ms| debounce.note(at(*ms)));
        again.into_iter().for_each(|ms| debounce.again(at(ms)));
        assert_eq!(debounce.due(), expect.map(at), "{notices:?} {again:?}");
        if let Some(due) = expect {
            assert!(!debounce.is_due(at(due - 1)) && debounce.is_due(at(due)));
        }
        debounce.settled();
        assert_eq!(debounce.due(), None);
    };
    check(&[], None, None);
    check(&[0], None, Some(250));
    check(&[0, 100, 200], None, Some(450));
    check(&[0, 200, 400, 600, 800, 990], None, Some(1000));
    check(&[0, 5000], None, Some(1000));
    check(&[], Some(2000), Some(2000));
    check(&[0], Some(2000), Some(250));
    check(&[0], Some(100), Some(100));
}
