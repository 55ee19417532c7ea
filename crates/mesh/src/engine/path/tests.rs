//! Which address is better, what a ping teaches, and the bounds.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn start() -> Instant {
    #[allow(clippy::disallowed_methods)] // The zero of a virtual clock.
    Instant::now()
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn id(number: u8) -> TxId {
    TxId([number; 12])
}

/// A state whose best address answered just now.
fn with_best(address: &str, latency: Duration, now: Instant) -> PathState {
    let mut path = PathState::default();
    path.set_node_endpoints(&[at(address)], now - latency);
    path.note_ping_sent(id(1), Via::Udp(at(address)), now - latency);
    assert!(path.note_pong(id(1), now).is_some());
    path
}

#[test]
fn the_better_address_wins() {
    let check = |a: (&str, u64), b: (&str, u64), expected: bool| {
        let (a, b) = [a, b].map(|(address, us)| (at(address), Duration::from_micros(us))).into();
        assert_eq!(is_better(a, b), expected, "{a:?} over {b:?}");
    };
    check(("192.0.2.1:1", 1000), ("192.0.2.1:1", 9000), false);
    check(("192.0.2.1:1", 10_000), ("192.0.2.2:1", 20_000), true);
    check(("192.0.2.2:1", 20_000), ("192.0.2.1:1", 10_000), false);
    check(("192.0.2.1:1", 9_900), ("192.0.2.2:1", 10_000), false);
    check(("192.0.2.1:1", 9_700), ("192.0.2.2:1", 10_000), true);
    check(("192.0.2.1:1", 10_000), ("192.0.2.2:1", 10_000), false);
    check(("[2001:db8::1]:1", 10_000), ("192.0.2.2:1", 10_000), true);
    check(("[2001:db8::1]:1", 10_000), ("192.0.2.2:1", 8_900), false);
    check(("10.0.0.1:1", 10_000), ("192.0.2.2:1", 9_000), true);
    check(("[fd00::1]:1", 10_000), ("10.0.0.1:1", 10_000), true);
    check(("127.0.0.1:1", 10_000), ("10.0.0.1:1", 8_000), true);
    check(("127.0.0.1:1", 10_000), ("192.0.2.1:1", 1_000), false);
    check(("192.0.2.1:1", 0), ("192.0.2.2:1", 0), false);
    check(("192.0.2.1:1", 0), ("192.0.2.2:1", 1), true);
}

#[test]
fn nonsense_is_never_pinged() {
    let check = |address: &str, expected: bool| assert_eq!(is_usable(at(address)), expected, "{address}");
    check("192.0.2.1:1", true);
    check("127.0.0.1:1", true);
    check("[2001:db8::1]:1", true);
    check("192.0.2.1:0", false);
    check("0.0.0.0:1", false);
    check("255.255.255.255:1", false);
    check("224.0.0.1:1", false);
    check("[::]:1", false);
    check("[ff02::1]:1", false);
    check("[fe80::1]:1", false);
    check("[::ffff:192.0.2.1]:1", false);
    check("[fd60:627a:a42b::1]:1", false);
    check("[fd7a:115c:a1e0::1]:1", false);
}

#[test]
fn trust_ends_six_and_a_half_seconds_after_the_last_pong() {
    let now = start();
    let path = with_best("192.0.2.1:1", Duration::from_millis(20), now);
    let check = |after: u64, udp: bool, relay: bool| {
        let route = path.route(now + Duration::from_millis(after));
        assert_eq!((route.udp.is_some(), route.relay), (udp, relay), "after {after} ms");
    };
    check(0, true, false);
    check(6500, true, false);
    check(6501, true, true);
    check(3_600_000, true, true);
    assert_eq!(PathState::default().route(now), Route { udp: None, relay: true });
}

#[test]
fn pongs_are_believed_only_while_their_ping_is_out() {
    let now = start();
    let mut path = PathState::default();
    path.set_node_endpoints(&[at("192.0.2.1:1")], now);
    assert_eq!(path.note_pong(id(1), now), None, "never asked");
    path.note_ping_sent(id(1), Via::Udp(at("192.0.2.1:1")), now);
    path.note_ping_sent(id(2), Via::Udp(at("192.0.2.1:1")), now);
    path.note_ping_sent(id(3), Via::Relay(7), now);
    assert_eq!(path.note_pong(id(1), now + 5 * SECOND), None, "too late");
    assert_eq!(path.note_pong(id(3), now + SECOND), Some((Via::Relay(7), SECOND)));
    assert_eq!(path.route(now + SECOND).udp, None, "a pong by the relay proves no address");
    assert!(path.note_pong(id(2), now + 2 * SECOND).is_some());
    assert_eq!(path.note_pong(id(2), now + 2 * SECOND), None, "each counts once");
    assert_eq!(path.direct(now + 2 * SECOND), Some((at("192.0.2.1:1"), 2 * SECOND)));
}

#[test]
fn a_trusted_address_is_replaced_by_a_better_one_and_a_doubted_one_by_any() {
    let now = start();
    let challenge = |after: Duration, latency: Duration| {
        let mut path = with_best("192.0.2.1:1", Duration::from_millis(20), now);
        path.set_node_endpoints(&["192.0.2.1:1", "192.0.2.2:2"].map(at), now + after);
        path.note_ping_sent(id(2), Via::Udp(at("192.0.2.2:2")), now + after);
        path.note_pong(id(2), now + after + latency);
        path.best.unwrap().address.port()
    };
    assert_eq!(challenge(SECOND, Duration::from_millis(10)), 2);
    assert_eq!(challenge(SECOND, Duration::from_millis(20)), 1);
    assert_eq!(challenge(SECOND, Duration::from_millis(40)), 1);
    assert_eq!(challenge(7 * SECOND, Duration::from_millis(40)), 2);
}

#[test]
fn signs_of_a_move_raise_a_doubt_that_a_pong_ends() {
    let now = start();
    let check = |what: &str, act: fn(&mut PathState, Instant), expect: bool| {
        let mut path = with_best("192.0.2.1:1", Duration::from_millis(20), now);
        let then = now + SECOND;
        path.note_ping("192.0.2.3:3".parse().unwrap(), id(7), now - SECOND);
        path.best.as_mut().unwrap().trusted_until = now + TRUST;
        act(&mut path, then);
        assert_eq!(path.route(then + 2 * SECOND).relay, expect, "{what}");
        path.note_ping_sent(id(9), Via::Udp(at("192.0.2.1:1")), then);
        path.note_pong(id(9), then + 3 * SECOND);
        assert!(!path.route(then + 4 * SECOND).relay, "{what}, and then a pong");
    };
    check("nothing", |_, _| {}, false);
    check(
        "a ping from where it pinged before",
        |path, now| assert_eq!(path.note_ping(at("192.0.2.3:3"), id(8), now), Some(false)),
        false,
    );
    check(
        "a ping from elsewhere",
        |path, now| assert_eq!(path.note_ping(at("192.0.2.4:4"), id(8), now), Some(true)),
        true,
    );
    check("a call", |path, now| drop(path.set_call_endpoints(&[at("192.0.2.1:1")], now)), true);
    check(
        "a ping that is answered",
        |path, now| {
            path.note_ping_sent(id(2), Via::Udp(at("192.0.2.1:1")), now);
            path.note_pong(id(2), now + SECOND / 2);
            path.handle_timeout(now + SECOND);
        },
        false,
    );
    check(
        "a ping that waits",
        |path, now| {
            path.note_ping_sent(id(2), Via::Udp(at("192.0.2.1:1")), now);
            assert_eq!(path.suspicion_at(), Some(now + SECOND));
            path.handle_timeout(now + SECOND * 9 / 10);
        },
        false,
    );
    check(
        "a ping that waits too long",
        |path, now| {
            path.note_ping_sent(id(2), Via::Udp(at("192.0.2.1:1")), now);
            path.handle_timeout(now + SECOND);
        },
        true,
    );
}

#[test]
fn discovery_is_bounded_in_time_and_number() {
    let now = start();
    let mut path = PathState::default();
    let endpoints: Vec<SocketAddr> = (1..=200).map(|port| SocketAddr::from(([192, 0, 2, 1], port))).collect();
    path.set_node_endpoints(&endpoints, now);
    let probe = path.note_data(now);
    assert_eq!((probe.ping.len(), probe.call), (MAX_CANDIDATES, true));
    assert_eq!(path.note_data(now + 4 * SECOND), Probe::default());
    assert_eq!(path.note_data(now + 5 * SECOND).ping.len(), MAX_CANDIDATES);
    for number in 0..=255 {
        path.note_ping_sent(id(number), Via::Relay(1), now);
        let from = SocketAddr::from(([192, 0, 2, 3], u16::from(number) + 1));
        path.note_ping(from, id(number), now);
    }
    assert_eq!((path.pings.len(), path.candidates.len()), (MAX_PINGS, MAX_CANDIDATES));
}

#[test]
fn candidates_that_were_only_heard_of_by_their_ping_are_forgotten_when_silent() {
    let now = start();
    let mut path = PathState::default();
    path.set_node_endpoints(&[at("192.0.2.1:1")], now);
    path.set_call_endpoints(&[at("192.0.2.2:2")], now);
    assert_eq!(path.note_ping(at("192.0.2.3:3"), id(1), now), Some(true));
    assert_eq!(path.note_ping(at("192.0.2.3:3"), id(1), now), None, "repeated");
    assert_eq!(path.note_ping(at("192.0.2.3:3"), id(2), now), Some(false));
    let ports = |path: &PathState| path.candidates.keys().map(SocketAddr::port).collect::<Vec<_>>();
    path.handle_timeout(now + 44 * SECOND);
    assert_eq!(ports(&path), [1, 2, 3]);
    path.handle_timeout(now + 45 * SECOND);
    assert_eq!(ports(&path), [1, 2]);
    path.set_call_endpoints(&[], now + 46 * SECOND);
    assert_eq!(ports(&path), [1]);
}

#[test]
fn heartbeats_follow_data() {
    let start = start();
    let mut path = with_best("192.0.2.1:1", Duration::from_millis(2), start);
    path.note_data(start);
    let mut pings = Vec::new();
    let mut now = start;
    while let Some(at) = path.next_timeout().filter(|at| *at < start + 120 * SECOND) {
        now = at;
        let probe = path.handle_timeout(now);
        if !probe.ping.is_empty() {
            pings.push((now - start).as_secs());
            path.note_ping_sent(id(9), Via::Udp(probe.ping[0]), now);
            path.note_pong(id(9), now);
        }
    }
    assert_eq!(pings, (1..15).map(|beat| beat * 3).collect::<Vec<_>>(), "until 45 s after the last data, {now:?}");
}
