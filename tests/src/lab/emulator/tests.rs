//! A line in virtual time: what each condition does, and that nothing else happens.

use std::time::Duration;

use super::{Conditions, Counts, Emulator, FRAME_HEAD, Way};

const MS: Duration = Duration::from_millis(1);

/// Sends `count` frames of 100 bytes, one each millisecond; returns number and time of arrival of each.
fn send(conditions: Conditions, count: u64) -> (Vec<(u64, Duration)>, Counts) {
    let mut line = Emulator::new(7);
    line.set(conditions);
    let mut arrived = Vec::new();
    let mut drain = |line: &mut Emulator, until: Duration| {
        while let Some(due) = line.next_due().filter(|due| *due <= until) {
            let (way, frame) = line.poll(due).unwrap();
            assert_eq!(way, Way::Up);
            arrived.push((u64::from_be_bytes(frame[FRAME_HEAD..FRAME_HEAD + 8].try_into().unwrap()), due));
        }
    };
    for number in 0..count {
        let now = MS * u32::try_from(number).unwrap();
        drain(&mut line, now);
        let mut frame = vec![0; 100];
        frame[FRAME_HEAD..FRAME_HEAD + 8].copy_from_slice(&number.to_be_bytes());
        line.offer(Way::Up, frame, now);
    }
    drain(&mut line, Duration::MAX);
    (arrived, line.counts())
}

#[test]
fn a_perfect_line_carries_all_at_once_and_a_long_one_carries_all_late() {
    for delay in [Duration::ZERO, 30 * MS] {
        let (arrived, counts) = send(Conditions { delay, ..Conditions::default() }, 1000);
        let expect: Vec<_> = (0..1000).map(|number| (number, MS * u32::try_from(number).unwrap() + delay)).collect();
        assert_eq!(arrived, expect);
        assert_eq!(counts, Counts { carried: 1000, ..Counts::default() });
    }
}

#[test]
fn each_chance_is_as_often_as_it_was_set() {
    #[track_caller]
    fn check(conditions: Conditions, count: impl Fn(&[(u64, Duration)]) -> usize, expect: std::ops::Range<usize>) {
        let (arrived, _) = send(conditions, 10_000);
        let found = count(&arrived);
        assert!(expect.contains(&found), "{found} is not in {expect:?}");
    }
    let good = Conditions::default();
    let late = |arrived: &[(u64, Duration)]| arrived.windows(2).filter(|pair| pair[0].0 > pair[1].0).count();
    check(Conditions { loss: 0, ..good }, <[_]>::len, 10_000..10_001);
    check(Conditions { loss: 500, ..good }, <[_]>::len, 9_400..9_600);
    check(Conditions { loss: 10_000, ..good }, <[_]>::len, 0..1);
    check(Conditions { duplicate: 500, ..good }, <[_]>::len, 10_400..10_600);
    check(good, late, 0..1);
    check(Conditions { reorder: 500, ..good }, late, 400..600);
    let flipped = |arrived: &[(u64, Duration)]| arrived.iter().filter(|(number, _)| *number >= 10_000).count();
    // One flip in eleven hits the number itself, and most bits of it are far above what we count to.
    check(Conditions { flip: 10_000, ..good }, flipped, 400..900);
}

#[test]
fn a_rate_spreads_frames_and_drops_what_waits_too_long() {
    // 100 bytes each millisecond are 800 kbit/s.
    let (arrived, counts) = send(Conditions { rate: Some(1_600_000), ..Conditions::default() }, 1000);
    assert_eq!((arrived.len(), counts.dropped), (1000, 0));
    let (arrived, counts) = send(Conditions { rate: Some(400_000), ..Conditions::default() }, 1000);
    let last = arrived.last().unwrap().1;
    assert!(counts.dropped > 300 && last < Duration::from_millis(1300), "{counts:?} {last:?}");
}

#[test]
fn what_is_too_long_vanishes() {
    let mut line = Emulator::new(1);
    line.set(Conditions { longest: Some(1000), ..Conditions::default() });
    for (length, passes) in [(60, true), (1000, true), (1001, false), (1500, false)] {
        line.offer(Way::Down, vec![0; FRAME_HEAD + length], Duration::ZERO);
        assert_eq!(line.poll(Duration::ZERO).is_some(), passes, "{length}");
    }
    assert_eq!(line.counts(), Counts { carried: 2, dropped: 2, too_long: 2 });
}

#[test]
fn a_cut_line_loses_what_is_on_it_and_what_is_sent_into_it() {
    let mut line = Emulator::new(1);
    line.set(Conditions { delay: 10 * MS, ..Conditions::default() });
    line.offer(Way::Up, vec![0; 60], Duration::ZERO);
    line.cut_until(100 * MS);
    line.offer(Way::Up, vec![0; 60], 99 * MS);
    assert_eq!(line.next_due(), None);
    line.offer(Way::Up, vec![0; 60], 100 * MS);
    assert_eq!((line.poll(109 * MS), line.poll(110 * MS).is_some()), (None, true));
    assert_eq!(line.counts().dropped, 2);
}
