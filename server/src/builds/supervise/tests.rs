//! Tests of supervise: given and expected, by tables where there are many.

use std::time::Duration;

use super::{FIRST_PAUSE, LAST_PAUSE, WELL, next_pause};

#[test]
fn pauses_grow_and_are_forgiven() {
    let mut pause = FIRST_PAUSE;
    for _ in 0..10 {
        let next = next_pause(pause, Duration::from_secs(1));
        assert!(next > pause || next == LAST_PAUSE);
        pause = next;
    }
    assert_eq!(pause, LAST_PAUSE);
    assert_eq!(next_pause(pause, WELL), FIRST_PAUSE);
}
