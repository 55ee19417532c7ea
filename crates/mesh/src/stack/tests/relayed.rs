//! Streams through a relay that takes packets faster than it passes them on, and drops the oldest.

use super::*;

/// What one packet takes to pass the relay: about 100 Mbit/s.
const SLOT: Duration = Duration::from_micros(100);
const LENGTH: usize = 20_000_000;

/// A pair whose packets to B pass a relay that keeps so many.
fn relayed_pair(queue: usize) -> Pair {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    pair.a.set_relayed(B, true);
    pair.b.set_relayed(A, true);
    pair.relay = Some(Relay { queue, slot: SLOT, is_both_ways: false });
    pair
}

/// Both ends send, stand still while they cannot, and end. One of these waits for smoltcp's timer twice; before, one never
/// ended, because its timer sent a burst that lost its first segment each time.
#[test]
fn an_echo_through_a_small_relay_never_loses_the_same_segment_again_and_again() {
    for queue in [16, 24, 32, 40, 64] {
        for slot in [5, 10, 15, 20, 25, 30, 40, 50, 70, 100, 150] {
            let mut pair = relayed_pair(queue);
            pair.relay = Some(Relay { queue, slot: Duration::from_micros(slot), is_both_ways: true });
            let (_, longest) = echo(&mut pair, 2_000_000);
            assert!(
                longest < Duration::from_secs(3),
                "a queue of {queue}, {slot} µs each: nothing came for {longest:?}"
            );
        }
    }
}

#[test]
fn bursts_fit_the_queue_of_a_relay_or_shrink_until_they_do() {
    let check = |queue: usize, at_most: Duration, dropped: usize| {
        let mut pair = relayed_pair(queue);
        let (near, far) = pair.connect(7);
        let start = pair.now;
        transfer(&mut pair, near, far, &pattern(LENGTH));
        let took = pair.now - start;
        assert!(took < at_most, "20 MB through a queue of {queue} took {took:?}, {} were dropped", pair.dropped);
        assert!(pair.dropped <= dropped, "a queue of {queue} dropped {}", pair.dropped);
    };
    // Without the limit it takes 3.3 s, 4.3 s and 14 s.
    check(512, Duration::from_millis(1900), 0);
    check(128, Duration::from_millis(2500), 1500);
    check(32, Duration::from_millis(4000), 1500);
}

#[test]
fn connections_to_one_peer_share_the_queue() {
    let mut pair = relayed_pair(512);
    let flows: Vec<_> = (0..8).map(|_| pair.connect(7)).collect();
    let data = vec![7; 1 << 20];
    let start = pair.now;
    let mut sent = [0; 8];
    let mut received = [0; 8];
    let mut buffer = vec![0; 64 << 10];
    pair.run(|pair, _| {
        for (index, (near, far)) in flows.iter().enumerate() {
            while let Poll::Ready(length) = pair.a.write(*near, &data[sent[index]..]) {
                sent[index] += length.unwrap();
                if sent[index] == data.len() {
                    break;
                }
            }
            while let Poll::Ready(length) = pair.b.read(*far, &mut buffer, pair.now) {
                received[index] += length.unwrap();
            }
        }
        (received == [data.len(); 8]).then_some(())
    });
    assert_eq!(pair.dropped, 0);
    assert!(pair.now - start < Duration::from_millis(800), "it took {:?}", pair.now - start);
}

#[test]
fn a_running_stream_follows_its_path_from_relay_to_direct_and_back() {
    let mut pair = relayed_pair(32);
    let (near, far) = pair.connect(7);
    let data = pattern(256 << 10);
    let mut buffer = vec![0; 256 << 10];
    // How much arrives in half a second.
    let mut measure = |pair: &mut Pair| {
        let (start, mut sent, mut received) = (pair.now, 0, 0);
        pair.run(|pair, _| {
            while let Poll::Ready(length) = pair.a.write(near, &data[sent % data.len()..]) {
                sent += length.unwrap();
            }
            while let Poll::Ready(length) = pair.b.read(far, &mut buffer, pair.now) {
                received += length.unwrap();
            }
            (pair.now - start > Duration::from_millis(500)).then_some(received)
        })
    };
    let relayed = measure(&mut pair);
    let relay = pair.relay.take();
    pair.a.set_relayed(B, false);
    pair.b.set_relayed(A, false);
    let direct = measure(&mut pair);
    pair.relay = relay;
    pair.a.set_relayed(B, true);
    pair.b.set_relayed(A, true);
    // What was on its way when the path narrowed is repaired meanwhile.
    measure(&mut pair);
    measure(&mut pair);
    measure(&mut pair);
    let relayed_again = measure(&mut pair);
    assert!(relayed > 2_000_000, "{relayed} bytes through the relay");
    assert!(direct > 5 * relayed, "{direct} bytes directly, {relayed} through the relay");
    assert!(relayed_again > 2_000_000, "{relayed_again} bytes through the relay again");
}
