//! Losses that nothing behind them shows.

use super::*;

/// Sends bursts of so many bytes after a first one, each of which loses packets by their number in the burst, and checks
/// how long the slowest takes.
fn check(burst: usize, lost: fn(usize) -> bool, at_most: u64) {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    let data = pattern(burst);
    let mut buffer = vec![0; 64 << 10];
    for round in 0..20 {
        let (start, mut received) = (pair.now, 0);
        pair.packets = 0;
        pair.lost = if round == 0 { |_| false } else { lost };
        assert_eq!(pair.a.write(near, &data), Poll::Ready(Ok(burst)));
        pair.run(|pair, _| {
            while let Poll::Ready(length) = pair.b.read(far, &mut buffer, pair.now) {
                received += length.unwrap();
            }
            (received == burst).then_some(())
        });
        let took = pair.now - start;
        assert!(took.as_millis() <= at_most.into(), "round {round} of {burst} bytes took {took:?}");
        // The acknowledgements arrive, and there is a pause.
        pair.lost = |_| false;
        let end = pair.now + Duration::from_millis(300);
        pair.run(|pair, _| {
            let is_over = pair.now >= end || !pair.step();
            pair.now = if is_over { end } else { pair.now };
            is_over.then_some(())
        });
    }
}

#[test]
fn a_lost_tail_is_repeated_after_two_round_trips_not_after_a_second() {
    // Twice a round trip with a delayed acknowledgement, 40 ms that the peer may take, and the way.
    check(100, |packet| packet == 1, 90);
    check(10_000, |packet| packet == 9, 110);
    // Each further one costs a round trip, again with a delayed acknowledgement.
    check(10_000, |packet| (8..=9).contains(&packet), 130);
    check(10_000, |packet| packet <= 9, 300);
    // Nothing is lost; the clock has jumped to the acknowledgement before we look.
    check(100, |_| false, 12);
}

#[test]
fn silence_means_the_timer_after_most_of_a_second_or_a_longer_round_trip() {
    let (now, mut probe) = (start(), crate::stack::probe::Probe::default());
    let after = |milliseconds| now + Duration::from_millis(milliseconds);
    probe.note_sent(100, true, now);
    assert!(!probe.is_timer_near(after(899)) && probe.is_timer_near(after(900)));
    // A round trip by satellite and a full queue: a second without a word is as usual.
    probe.note_acknowledgement(100, 0, after(1000));
    probe.note_sent(200, true, after(1000));
    assert!(!probe.is_timer_near(after(2249)) && probe.is_timer_near(after(2250)));
}
