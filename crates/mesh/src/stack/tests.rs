//! Two stacks wired back to back in virtual time, and packets that no honest stack would send.
//! Long because its pair of stacks with a virtual wire serves every case.

mod foreign;
mod relayed;
mod tail;

use std::collections::VecDeque;

use super::asked::MAX_ASKED;
use super::packet::{IP_HEADER, MTU, TCP_HEADER};
use super::*;

const A: Ipv6Addr = Ipv6Addr::new(0xfd7a, 0x115c, 0xa1e0, 0, 0, 0, 0, 1);
const B: Ipv6Addr = Ipv6Addr::new(0xfd7a, 0x115c, 0xa1e0, 0, 0, 0, 0, 2);
/// One way.
const DELAY: Duration = Duration::from_millis(2);

/// Where virtual time begins.
#[allow(clippy::disallowed_methods)]
fn start() -> Instant {
    Instant::now()
}

fn b(port: u16) -> SocketAddrV6 {
    SocketAddrV6::new(B, port, 0, 0)
}

/// A bottleneck with a queue that drops the oldest.
#[derive(Clone, Copy)]
struct Relay {
    queue: usize,
    slot: Duration,
    /// For packets to A, too.
    is_both_ways: bool,
}

impl Relay {
    /// Gives a packet its time of arrival. True when the oldest that waits had to go.
    fn pass(self, wire: &mut VecDeque<(Instant, Vec<u8>)>, packet: &[u8], now: Instant) -> bool {
        let leaves = |arrival: Instant| arrival - DELAY;
        let first = wire.partition_point(|(arrival, _)| leaves(*arrival) <= now);
        let last = wire.back().map_or(now, |(arrival, _)| leaves(*arrival).max(now));
        wire.push_back((last + self.slot + DELAY, packet.to_vec()));
        let is_full = wire.len() - first > self.queue;
        if is_full {
            // Those behind the dropped one move up.
            wire.iter_mut().skip(first + 1).for_each(|(arrival, _)| *arrival -= self.slot);
            wire.remove(first);
        }
        is_full
    }
}

/// Two stacks, a wire with a delay each way, and a clock that jumps to the next thing that happens.
struct Pair {
    now: Instant,
    a: Stack,
    b: Stack,
    to_a: VecDeque<(Instant, Vec<u8>)>,
    to_b: VecDeque<(Instant, Vec<u8>)>,
    /// Says of each packet, counted over both ways, whether it is lost.
    lost: fn(usize) -> bool,
    /// What packets to B pass, when not a plain wire.
    relay: Option<Relay>,
    dropped: usize,
    packets: usize,
    largest: usize,
}

impl Pair {
    fn new(strangers: Stranger) -> Self {
        let now = start();
        Self {
            now,
            a: Stack::new(vec![A], Stranger::Refuse, 1, now),
            b: Stack::new(vec![B], strangers, 2, now),
            to_a: VecDeque::new(),
            to_b: VecDeque::new(),
            lost: |_| false,
            relay: None,
            dropped: 0,
            packets: 0,
            largest: 0,
        }
    }

    /// Delivers what is due and lets both stacks send; then advances the clock. False when nothing will ever happen.
    fn step(&mut self) -> bool {
        let due = |queue: &mut VecDeque<(Instant, Vec<u8>)>, now| {
            let mut packets = Vec::new();
            while queue.front().is_some_and(|(time, _)| *time <= now) {
                packets.extend(queue.pop_front().map(|(_, packet)| packet));
            }
            packets
        };
        for packet in due(&mut self.to_a, self.now) {
            self.a.handle_packet(&packet, self.now);
        }
        for packet in due(&mut self.to_b, self.now) {
            self.b.handle_packet(&packet, self.now);
        }
        let (now, lost) = (self.now, self.lost);
        let (mut packets, mut largest) = (self.packets, self.largest);
        let mut wire = |queue: &mut VecDeque<(Instant, Vec<u8>)>, packet: &[u8]| {
            packets += 1;
            largest = largest.max(packet.len());
            if !lost(packets) {
                queue.push_back((now + DELAY, packet.to_vec()));
            }
        };
        let more_a = self.a.poll(now, &mut |packet| match self.relay {
            Some(relay) => self.dropped += usize::from(relay.pass(&mut self.to_b, packet, now)),
            None => wire(&mut self.to_b, packet),
        });
        let more_b = self.b.poll(now, &mut |packet| match self.relay.filter(|relay| relay.is_both_ways) {
            Some(relay) => self.dropped += usize::from(relay.pass(&mut self.to_a, packet, now)),
            None => wire(&mut self.to_a, packet),
        });
        (self.packets, self.largest) = (packets, largest);
        if more_a || more_b {
            return true;
        }
        let arrivals = [&self.to_a, &self.to_b].into_iter().filter_map(|queue| queue.front().map(|(time, _)| *time));
        let next = arrivals.chain(self.a.poll_timeout()).chain(self.b.poll_timeout()).min();
        if let Some(next) = next {
            self.now = self.now.max(next);
        }
        next.is_some()
    }

    /// Steps until `done`, which looks at all events first.
    fn run<T>(&mut self, mut done: impl FnMut(&mut Self, &[Event]) -> Option<T>) -> T {
        for _ in 0..2_000_000 {
            let mut events = Vec::new();
            while let Some(event) = self.a.poll_event().or_else(|| self.b.poll_event()) {
                events.push(event);
            }
            if let Some(result) = done(self, &events) {
                return result;
            }
            self.step();
        }
        panic!("it never happened")
    }

    /// Opens a connection from A to a listener of B.
    fn connect(&mut self, port: u16) -> (FlowId, FlowId) {
        let near = self.a.dial(b(port), self.now).unwrap();
        let far = self.run(|_, events| {
            events.iter().find_map(|event| match event {
                Event::Accepted { flow, .. } => Some(*flow),
                _ => None,
            })
        });
        assert_eq!(self.a.opened(near), Poll::Ready(Ok(())));
        (near, far)
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap()).collect()
}

/// Sends all of `data` from A to B, closes, and checks that exactly it arrives.
fn transfer(pair: &mut Pair, near: FlowId, far: FlowId, data: &[u8]) {
    let mut sent = 0;
    let received = receive_all(pair, far, |pair| {
        while sent < data.len() {
            match pair.a.write(near, &data[sent..]) {
                Poll::Ready(length) => sent += length.unwrap(),
                Poll::Pending => return,
            }
            if sent == data.len() {
                pair.a.close_write(near);
            }
        }
    });
    assert!(received == data, "{} of {} bytes arrived, or other ones", received.len(), data.len());
}

/// Reads at B until the end of the stream, calling `meanwhile` at every step.
fn receive_all(pair: &mut Pair, far: FlowId, mut meanwhile: impl FnMut(&mut Pair)) -> Vec<u8> {
    let mut received = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    pair.run(|pair, _| {
        meanwhile(pair);
        loop {
            match pair.b.read(far, &mut buffer, pair.now) {
                Poll::Ready(Ok(0)) => return Some(()),
                Poll::Ready(length) => received.extend_from_slice(&buffer[..length.unwrap()]),
                Poll::Pending => return None,
            }
        }
    });
    received
}

#[test]
fn ten_megabytes_arrive_whole_and_in_packets_that_fit() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    let start = pair.now;
    transfer(&mut pair, near, far, &pattern(10 << 20));
    assert!(pair.largest <= MTU, "a packet of {} bytes", pair.largest);
    let took = pair.now - start;
    // A window of 1 MiB at 4 ms would take 40 ms; most of this is slow start.
    assert!(took < Duration::from_millis(300), "it took {took:?}");
}

#[test]
fn a_lossy_wire_delays_but_damages_nothing() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    pair.lost = |packet| packet % 101 == 0;
    let (near, far) = pair.connect(7);
    let start = pair.now;
    transfer(&mut pair, near, far, &pattern(1 << 20));
    assert!(pair.now - start < Duration::from_secs(60), "it took {:?}", pair.now - start);
}

#[test]
fn a_minute_without_a_wire_loses_nothing() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    assert!(pair.a.write(near, b"before").is_ready());
    pair.lost = |_| true;
    let start = pair.now;
    pair.run(|pair, _| (pair.now > start + Duration::from_secs(60)).then_some(()));
    pair.lost = |_| false;
    let mut buffer = [0; 16];
    let length = pair.run(|pair, _| match pair.b.read(far, &mut buffer, pair.now) {
        Poll::Ready(length) => Some(length.unwrap()),
        Poll::Pending => None,
    });
    assert_eq!(&buffer[..length], b"before");
}

#[test]
fn each_half_closes_by_itself_and_everything_is_forgotten() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    transfer(&mut pair, near, far, b"question");
    assert_eq!(pair.a.write(near, b"more"), Poll::Ready(Err(StreamError::Closed)));
    // The other half is still open.
    assert_eq!(pair.b.write(far, b"answer"), Poll::Ready(Ok(6)));
    pair.b.close_write(far);
    let mut answer = Vec::new();
    let mut buffer = [0; 4];
    pair.run(|pair, _| match pair.a.read(near, &mut buffer, pair.now) {
        Poll::Ready(Ok(0)) => Some(()),
        Poll::Ready(length) => {
            answer.extend_from_slice(&buffer[..length.unwrap()]);
            None
        }
        Poll::Pending => None,
    });
    assert_eq!(answer, b"answer");
    assert!(pair.a.is_idle());
    pair.a.leave(near, pair.now);
    pair.b.leave(far, pair.now);
    pair.run(|pair, _| (pair.a.connections() + pair.b.connections() == 0).then_some(()));
}

#[test]
fn what_was_written_before_the_close_arrives_though_the_owner_left() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    let data = pattern(500_000);
    assert_eq!(pair.a.write(near, &data), Poll::Ready(Ok(data.len())));
    pair.a.close_write(near);
    pair.a.leave(near, pair.now);
    assert!(receive_all(&mut pair, far, |_| {}) == data);
}

#[test]
fn a_connection_without_owner_does_not_wait_for_ever() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    pair.a.close_write(near);
    pair.a.leave(near, pair.now);
    // B never closes its half: after the linger time A resets it.
    let mut buffer = [0; 16];
    pair.run(|pair, _| (pair.b.read(far, &mut buffer, pair.now) == Poll::Ready(Ok(0))).then_some(()));
    while pair.step() {}
    assert_eq!(pair.a.connections(), 0);
    assert_eq!(pair.b.write(far, b"x"), Poll::Ready(Err(StreamError::Reset)));
}

#[test]
fn unread_data_survives_the_end_of_time_wait() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    pair.b.close_write(far);
    pair.run(|pair, _| pair.b.is_idle().then_some(()));
    assert_eq!(pair.a.write(near, b"late"), Poll::Ready(Ok(4)));
    pair.a.close_write(near);
    let start = pair.now;
    for _ in 0..100 {
        pair.step();
        pair.now += Duration::from_secs(1);
    }
    assert!(pair.now > start + Duration::from_secs(60));
    let mut buffer = [0; 16];
    assert_eq!(pair.b.read(far, &mut buffer, pair.now), Poll::Ready(Ok(4)));
    assert_eq!(pair.b.read(far, &mut buffer, pair.now), Poll::Ready(Ok(0)));
}

#[test]
fn a_port_without_listener_refuses_in_one_round_trip() {
    let mut pair = Pair::new(Stranger::Refuse);
    let near = pair.a.dial(b(9), pair.now).unwrap();
    assert_eq!(pair.a.opened(near), Poll::Pending);
    let start = pair.now;
    pair.run(|_, events| events.contains(&Event::Writable(near)).then_some(()));
    assert_eq!(pair.a.opened(near), Poll::Ready(Err(StreamError::Reset)));
    assert!(pair.now - start <= 2 * DELAY);
    pair.a.leave(near, pair.now);
    pair.run(|pair, _| (pair.a.connections() + pair.b.connections() == 0).then_some(()));
}

#[test]
fn an_asked_connection_opens_only_after_the_answer_and_asks_once() {
    let check = |agreed: bool| {
        let mut pair = Pair::new(Stranger::Ask);
        let near = pair.a.dial(b(8080), pair.now).unwrap();
        let ask = pair.run(|_, events| {
            events.iter().find_map(|event| match event {
                Event::Asked { ask, local, .. } => {
                    assert_eq!(*local, b(8080));
                    Some(*ask)
                }
                _ => None,
            })
        });
        // The SYN is repeated meanwhile; nobody is asked twice.
        let start = pair.now;
        pair.run(|pair, events| {
            assert!(!events.iter().any(|event| matches!(event, Event::Asked { .. })));
            (pair.now > start + Duration::from_secs(4)).then_some(())
        });
        assert_eq!(pair.a.opened(near), Poll::Pending);
        let far = pair.b.answer(ask, agreed, pair.now).unwrap();
        assert_eq!(far.is_some(), agreed);
        pair.run(|_, events| events.contains(&Event::Writable(near)).then_some(()));
        assert_eq!(pair.a.opened(near).map(|opened| opened.is_ok()), Poll::Ready(agreed));
        if let Some(far) = far {
            transfer(&mut pair, near, far, b"through");
        }
        assert_eq!(pair.b.answer(ask, true, pair.now), Ok(None), "a question is answered once");
    };
    check(true);
    check(false);
}

#[test]
fn a_question_without_answer_is_forgotten() {
    let mut pair = Pair::new(Stranger::Ask);
    let near = pair.a.dial(b(8080), pair.now).unwrap();
    assert!(pair.a.opened(near).is_pending());
    pair.run(|_, events| events.contains(&Event::Writable(near)).then_some(()));
    assert_eq!(pair.a.opened(near), Poll::Ready(Err(StreamError::Reset)));
    while pair.step() {}
    assert_eq!(pair.b.asked.len(), 0);
}

#[test]
fn leaving_an_open_stream_resets_it_for_the_peer() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    let mut buffer = [0; 16];
    assert!(pair.b.read(far, &mut buffer, pair.now).is_pending());
    pair.a.leave(near, pair.now);
    pair.run(|_, events| events.contains(&Event::Readable(far)).then_some(()));
    assert_eq!(pair.b.read(far, &mut buffer, pair.now), Poll::Ready(Err(StreamError::Reset)));
    assert_eq!(pair.b.write(far, b"x"), Poll::Ready(Err(StreamError::Reset)));
    pair.b.leave(far, pair.now);
    pair.run(|pair, _| (pair.a.connections() + pair.b.connections() == 0).then_some(()));
}

#[test]
fn a_revoked_peer_loses_its_connections() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (_, far) = pair.connect(7);
    pair.b.reset_unless(|address| address == A);
    assert_eq!(pair.b.write(far, b"x"), Poll::Ready(Ok(1)));
    pair.b.reset_unless(|_| false);
    pair.step();
    assert_eq!(pair.b.write(far, b"x"), Poll::Ready(Err(StreamError::Reset)));
}

#[test]
fn an_idle_connection_stays_and_a_dead_one_ends() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    for _ in 0..100 {
        pair.now += Duration::from_secs(60);
        pair.step();
    }
    assert_eq!(pair.a.write(near, b"still"), Poll::Ready(Ok(5)));
    let mut buffer = [0; 16];
    let length = pair.run(|pair, _| match pair.b.read(far, &mut buffer, pair.now) {
        Poll::Ready(length) => Some(length.unwrap()),
        Poll::Pending => None,
    });
    assert_eq!(length, 5);
    // Once the peer owes an answer, its silence ends the connection.
    pair.lost = |_| true;
    let start = pair.now;
    assert_eq!(pair.a.write(near, b"gone?"), Poll::Ready(Ok(5)));
    assert!(pair.a.read(near, &mut buffer, pair.now).is_pending());
    pair.run(|_, events| events.contains(&Event::Readable(near)).then_some(()));
    assert_eq!(pair.a.read(near, &mut buffer, pair.now), Poll::Ready(Err(StreamError::Reset)));
    let silence = pair.now - start;
    assert!(silence >= flow::USER_TIMEOUT - 10 * DELAY && silence < flow::USER_TIMEOUT * 2, "{silence:?}");
}

#[test]
fn two_hundred_connections_at_once_do_not_mix() {
    let mut pair = Pair::new(Stranger::Refuse);
    pair.b.listen(7).unwrap();
    let mut flows: Vec<_> = (0..200).map(|_| pair.connect(7)).collect();
    assert_eq!(pair.b.connections(), 200);
    let text = |at: usize| format!("connection {at} ").repeat(1000).into_bytes();
    for (at, (near, _)) in flows.iter().enumerate() {
        assert_eq!(pair.a.write(*near, &text(at)), Poll::Ready(Ok(text(at).len())));
        pair.a.close_write(*near);
    }
    let mut received = vec![Vec::new(); flows.len()];
    let mut open: Vec<_> = flows.iter().enumerate().map(|(at, (_, far))| (at, *far)).collect();
    let mut buffer = vec![0; 4096];
    pair.run(|pair, _| {
        open.retain(|(at, far)| {
            loop {
                match pair.b.read(*far, &mut buffer, pair.now) {
                    Poll::Ready(Ok(0)) => return false,
                    Poll::Ready(length) => received[*at].extend_from_slice(&buffer[..length.unwrap()]),
                    Poll::Pending => return true,
                }
            }
        });
        open.is_empty().then_some(())
    });
    for (at, received) in received.iter().enumerate() {
        assert!(*received == text(at), "connection {at}");
    }
    for (near, far) in flows.drain(..) {
        pair.b.close_write(far);
        pair.a.leave(near, pair.now);
        pair.b.leave(far, pair.now);
    }
    pair.run(|pair, _| (pair.a.connections() + pair.b.connections() == 0).then_some(()));
    assert_eq!(pair.a.budget.take(), 1 << 20, "the budget is whole again");
}

#[test]
fn floods_stop_at_the_caps() {
    let mut pair = Pair::new(Stranger::Ask);
    for _ in 0..2 * MAX_ASKED {
        pair.a.dial(b(81), pair.now).unwrap();
    }
    pair.b.listen(80).unwrap();
    for _ in 0..MAX_FLOWS_PER_PEER + 200 {
        pair.a.dial(b(80), pair.now).unwrap();
    }
    let start = pair.now;
    while pair.now < start + 3 * DELAY {
        pair.step();
    }
    assert_eq!(pair.b.asked.len(), MAX_ASKED);
    assert_eq!(pair.b.connections(), MAX_FLOWS_PER_PEER);
    assert!(pair.b.budget.take() < 1 << 20, "later ones get smaller buffers");
    assert_eq!(pair.b.listen(80), Err(OpenError::Taken));
    let listeners = (1000..).take_while(|port| pair.b.listen(*port).is_ok()).count();
    assert_eq!(listeners, MAX_LISTENERS - 1);
}

#[test]
fn datagrams_find_their_socket_or_are_strays() {
    let mut pair = Pair::new(Stranger::Ask);
    let (near, port) = pair.a.bind_udp(0).unwrap();
    let (far, _) = pair.b.bind_udp(53).unwrap();
    assert_eq!(pair.b.bind_udp(53), Err(OpenError::Taken));
    let from = SocketAddrV6::new(A, port, 0, 0);
    assert_eq!(pair.b.receive_udp(far), Poll::Pending);
    assert!(pair.a.send_udp(near, b(53), b"known"));
    assert!(pair.a.send_udp(near, b(54), b"stray"));
    assert!(pair.a.send_udp(near, b(53), &[7; MAX_DATAGRAM]));
    assert!(!pair.a.send_udp(near, b(53), &[7; MAX_DATAGRAM + 1]));
    let stray = pair.run(|_, events| {
        assert!(events.is_empty() || events[0] == Event::UdpReadable(far));
        events.iter().find(|event| matches!(event, Event::Stray { .. })).cloned()
    });
    assert_eq!(stray, Event::Stray { local: b(54), remote: from, data: Bytes::from_static(b"stray") });
    assert_eq!(pair.b.receive_udp(far), Poll::Ready(Some((Bytes::from_static(b"known"), from))));
    assert_eq!(pair.b.receive_udp(far).map(|datagram| datagram.unwrap().0.len()), Poll::Ready(MAX_DATAGRAM));
    // The driver answers a stray in the name of the port that was asked.
    assert_eq!(pair.a.receive_udp(near), Poll::Pending);
    assert!(pair.b.send_datagram(b(54), from, b"reply"));
    pair.run(|_, events| events.contains(&Event::UdpReadable(near)).then_some(()));
    assert_eq!(pair.a.receive_udp(near), Poll::Ready(Some((Bytes::from_static(b"reply"), b(54)))));
    pair.b.close_udp(far);
    assert_eq!(pair.b.receive_udp(far), Poll::Ready(None));
}

#[test]
fn hostile_packets_change_nothing() {
    let mut pair = Pair::new(Stranger::Ask);
    pair.b.listen(7).unwrap();
    let (near, far) = pair.connect(7);
    let (local, remote) = pair.b.ends(far).unwrap();
    let good = packet::datagram(remote, local, b"good");
    let mut packets = vec![vec![], vec![0x60], vec![0x45; 60], vec![0xff; 1280], vec![0x60; 40], vec![0x60; 1280]];
    // Every prefix of a good one, and every byte of it changed.
    packets.extend((0..good.len()).map(|length| good[..length].to_vec()));
    packets.extend((0..good.len()).map(|at| {
        let mut changed = good.clone();
        changed[at] ^= 0x55;
        changed
    }));
    // The same for the connection's own last segment.
    let mut segment = Vec::new();
    assert!(pair.a.write(near, b"segment").is_ready());
    pair.a.poll(pair.now, &mut |packet| segment = packet.to_vec());
    assert_eq!(segment.len(), IP_HEADER + TCP_HEADER + 7);
    packets.extend((0..segment.len()).map(|length| segment[..length].to_vec()));
    packets.extend((IP_HEADER..segment.len()).map(|at| {
        let mut changed = segment.clone();
        changed[at] ^= 0x55;
        changed
    }));
    for packet in &packets {
        pair.b.handle_packet(packet, pair.now);
        pair.b.poll(pair.now, &mut |_| {});
    }
    let strays = std::iter::from_fn(|| pair.b.poll_event()).filter(|event| !matches!(event, Event::Stray { .. }));
    assert_eq!(strays.count(), 0);
    // The session is still usable: the real segment arrives.
    pair.b.handle_packet(&segment, pair.now);
    let mut buffer = [0; 16];
    assert_eq!(pair.b.read(far, &mut buffer, pair.now), Poll::Ready(Ok(7)));
    assert_eq!(pair.b.connections(), 1);
}

#[test]
fn an_echo_request_is_answered() {
    let mut pair = Pair::new(Stranger::Refuse);
    let reply = packet::echo_reply(A, B, &[129, 0, 0, 0, 1, 2, 0, 1, b'x']);
    // A reply is not a request: make it one, with the checksum that differs by the type.
    let mut request = reply.clone();
    request[IP_HEADER] = 128;
    let sum = u16::from_be_bytes([request[42], request[43]]) + 0x0100;
    request[42..44].copy_from_slice(&sum.to_be_bytes());
    pair.b.handle_packet(&request, pair.now);
    let mut answers = Vec::new();
    pair.b.poll(pair.now, &mut |packet| answers.push(packet.to_vec()));
    assert_eq!(answers, [packet::echo_reply(B, A, &request[IP_HEADER..])]);
    pair.b.handle_packet(&reply, pair.now);
    assert!(!pair.b.has_output());
}

/// `cat` at the other end: what it reads it writes back, and it reads no more while it cannot write. How long it took, and
/// the longest time in which nothing came back.
fn echo(pair: &mut Pair, length: usize) -> (Duration, Duration) {
    pair.b.listen(22).unwrap();
    let (near, far) = pair.connect(22);
    let data = pattern(length);
    let (began, mut last, mut longest) = (pair.now, pair.now, Duration::ZERO);
    let (mut sent, mut echoed, mut held, mut has_ended) = (0, Vec::new(), Vec::<u8>::new(), false);
    let mut buffer = vec![0; 16 << 10];
    for _ in 0..2_000_000 {
        while sent < data.len() {
            let Poll::Ready(Ok(written)) = pair.a.write(near, &data[sent..data.len().min(sent + 32_000)]) else {
                break;
            };
            sent += written;
            if sent == data.len() {
                pair.a.close_write(near);
            }
        }
        loop {
            if held.is_empty() {
                let Poll::Ready(Ok(read)) = pair.b.read(far, &mut buffer, pair.now) else { break };
                if read == 0 {
                    if !std::mem::replace(&mut has_ended, true) {
                        pair.b.close_write(far);
                    }
                    break;
                }
                held.extend_from_slice(&buffer[..read]);
            }
            let Poll::Ready(Ok(written)) = pair.b.write(far, &held) else { break };
            held.drain(..written);
        }
        while let Poll::Ready(Ok(read)) = pair.a.read(near, &mut buffer, pair.now) {
            longest = longest.max(pair.now - last);
            last = pair.now;
            if read == 0 {
                break;
            }
            echoed.extend_from_slice(&buffer[..read]);
        }
        if echoed.len() == data.len() || !pair.step() {
            break;
        }
    }
    let took = pair.now - began;
    assert_eq!(echoed.len(), data.len(), "after {took:?}");
    assert!(echoed == data);
    (took, longest)
}

#[test]
fn an_echo_under_back_pressure_never_waits_for_a_timer() {
    let (took, _) = echo(&mut Pair::new(Stranger::Refuse), 20 << 20);
    assert!(took < Duration::from_secs(1), "{took:?}");
}
