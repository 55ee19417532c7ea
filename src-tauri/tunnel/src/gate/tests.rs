//! What passes the gate and what does not, in virtual time.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::{Duration, Instant};

use mesh::stack::{datagram, fill_checksum, write_ip};
use proto::address::{DNS_SERVER, PREFIX, under};
use uuid::Uuid;

use super::{GENERATION, Gate, MAX_FLOWS};
use crate::packet::{self, Unreachable, clamp_segment_size};

fn address(number: u128) -> Ipv6Addr {
    under(PREFIX, Uuid::from_u128(number))
}

fn ours() -> Ipv6Addr {
    address(1)
}

fn daemon() -> Ipv6Addr {
    address(2)
}

fn ip(protocol: u8, from: Ipv6Addr, to: Ipv6Addr, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 40];
    packet.extend_from_slice(payload);
    write_ip(&mut packet, protocol, from, to);
    packet
}

fn udp(from: (Ipv6Addr, u16), to: (Ipv6Addr, u16)) -> Vec<u8> {
    datagram(SocketAddrV6::new(from.0, from.1, 0, 0), SocketAddrV6::new(to.0, to.1, 0, 0), b"data")
}

fn tcp(from: Ipv6Addr, to: Ipv6Addr, flags: u8) -> Vec<u8> {
    let mut segment = [0u8; 20];
    (segment[1], segment[3], segment[12], segment[13]) = (80, 90, 5 << 4, flags);
    ip(6, from, to, &segment)
}

fn icmp(from: Ipv6Addr, to: Ipv6Addr, kind: u8, id: u8) -> Vec<u8> {
    ip(58, from, to, &[kind, 0, 0, 0, 0, id, 0, 1])
}

fn error(from: Ipv6Addr, to: Ipv6Addr, kind: u8, quoted: &[u8]) -> Vec<u8> {
    ip(58, from, to, &[&[kind, 0, 0, 0, 0, 0, 0, 0], quoted].concat())
}

/// Sends through the gate as the pump does.
fn send(gate: &Gate, packet: &[u8], now: Instant) -> bool {
    let head = gate.outbound(packet);
    head.inspect(|head| gate.expect(head, now)).is_some()
}

#[test]
fn only_our_own_packets_go_out() {
    let gate = Gate::new(ours());
    #[track_caller]
    fn check(gate: &Gate, packet: &[u8], expect: bool) {
        assert_eq!(send(gate, packet, Instant::now()), expect);
    }
    check(&gate, &tcp(ours(), daemon(), 2), true);
    check(&gate, &udp((ours(), 5), (daemon(), 6)), true);
    check(&gate, &icmp(ours(), daemon(), 128, 1), true);
    check(&gate, &tcp(address(3), daemon(), 2), false);
    check(&gate, &icmp("fe80::1".parse().unwrap(), "ff02::2".parse().unwrap(), 133, 0), false);
    check(&gate, &icmp(ours(), "ff02::16".parse().unwrap(), 143, 0), false);
    check(&gate, &[], false);
    check(&gate, &[0x60; 39], false);
    let mut longer = tcp(ours(), daemon(), 2);
    longer.push(0);
    check(&gate, &longer, false);
    let mut four = tcp(ours(), daemon(), 2);
    four[0] = 0x45;
    check(&gate, &four, false);
}

#[test]
fn daemons_answer_but_open_nothing() {
    let (gate, now) = (Gate::new(ours()), Instant::now());
    assert!(send(&gate, &udp((ours(), 5000), (daemon(), 53)), now));
    assert!(send(&gate, &icmp(ours(), daemon(), 128, 7), now));
    let check = |what: &str, packet: &[u8], expect: bool| {
        assert_eq!(gate.inbound(packet, now).is_some(), expect, "{what}");
    };
    check("SYN", &tcp(daemon(), ours(), 0x02), false);
    check("SYN with data flags", &tcp(daemon(), ours(), 0x02 | 0x08 | 0x20), false);
    check("SYN and FIN", &tcp(daemon(), ours(), 0x03), false);
    check("SYN and RST", &tcp(daemon(), ours(), 0x06), false);
    check("SYN-ACK", &tcp(daemon(), ours(), 0x12), true);
    check("ACK", &tcp(daemon(), ours(), 0x10), true);
    check("RST", &tcp(daemon(), ours(), 0x04), true);
    check("answer", &udp((daemon(), 53), (ours(), 5000)), true);
    check("other port here", &udp((daemon(), 53), (ours(), 5001)), false);
    check("other port there", &udp((daemon(), 54), (ours(), 5000)), false);
    check("other daemon", &udp((address(3), 53), (ours(), 5000)), false);
    check("echo reply", &icmp(daemon(), ours(), 129, 7), true);
    check("foreign echo reply", &icmp(daemon(), ours(), 129, 8), false);
    check("echo request", &icmp(daemon(), ours(), 128, 7), false);
    check("neighbour advertisement", &icmp(daemon(), ours(), 136, 0), false);
    check("router advertisement", &icmp(daemon(), ours(), 134, 0), false);
    check("error about our datagram", &error(daemon(), ours(), 1, &udp((ours(), 5000), (daemon(), 53))), true);
    check("error about no datagram", &error(daemon(), ours(), 1, &udp((ours(), 5001), (daemon(), 53))), false);
    check("error about our segment", &error(daemon(), ours(), 2, &tcp(ours(), daemon(), 0x10)), true);
    check("error about another host", &error(daemon(), ours(), 2, &tcp(ours(), address(9), 0x10)), false);
    check("error about their own", &error(daemon(), ours(), 2, &tcp(daemon(), ours(), 0x10)), false);
    check("error that quotes nothing", &error(daemon(), ours(), 2, &[]), false);
    check("fragment", &ip(44, daemon(), ours(), &[6, 0, 0, 1, 0, 0, 0, 0]), false);
    check("hop by hop", &ip(0, daemon(), ours(), &[58, 0, 5, 2, 0, 0, 1, 0]), false);
    check("to another host of this machine", &tcp(daemon(), "::1".parse().unwrap(), 0x10), false);
    check("from outside the prefix", &tcp("2001:db8::1".parse().unwrap(), ours(), 0x10), false);
    check("from the name server", &tcp(DNS_SERVER, ours(), 0x10), false);
    check("from ourselves", &tcp(ours(), ours(), 0x10), false);
    check("cut", &tcp(daemon(), ours(), 0x10)[..59], false);
    check("short TCP", &ip(6, daemon(), ours(), &[0; 19]), false);
}

#[test]
fn flows_end() {
    #[track_caller]
    fn check(again: &[u64], after: u64, expect: bool) {
        let (gate, start) = (Gate::new(ours()), Instant::now());
        for second in again {
            send(&gate, &udp((ours(), 1), (daemon(), 2)), start + Duration::from_secs(*second));
        }
        // Answers do not keep a flow alive.
        for second in *again.last().unwrap()..after {
            gate.inbound(&udp((daemon(), 2), (ours(), 1)), start + Duration::from_secs(second));
        }
        let packet = udp((daemon(), 2), (ours(), 1));
        let passes = gate.inbound(&packet, start + Duration::from_secs(after)).is_some();
        assert_eq!(passes, expect, "{again:?} {after}");
    }
    let generation = GENERATION.as_secs();
    check(&[0], 0, true);
    check(&[0], generation - 1, true);
    check(&[0], 2 * generation, false);
    check(&[0, generation - 1], 2 * generation - 2, true);
    check(&[0, 50, 100, 150, 200, 250], 300, true);
    check(&[0, 50, 100, 150, 200, 250], 400, false);
    // A long silence without any packet at all.
    let (gate, start) = (Gate::new(ours()), Instant::now());
    send(&gate, &udp((ours(), 1), (daemon(), 2)), start);
    assert!(gate.inbound(&udp((daemon(), 2), (ours(), 1)), start + 10 * GENERATION).is_none());
}

#[test]
fn memory_of_flows_is_bounded() {
    let (gate, now) = (Gate::new(ours()), Instant::now());
    for number in 0..3 * MAX_FLOWS {
        let (high, low) = (u16::try_from(number >> 8).unwrap(), u16::try_from(number & 0xff).unwrap());
        send(&gate, &udp((ours(), high + 1), (daemon(), low + 1)), now);
    }
    let flows = gate.flows();
    assert!(flows.young.len() <= MAX_FLOWS && flows.old.len() <= MAX_FLOWS);
    assert!(flows.young.len() + flows.old.len() > MAX_FLOWS, "what is recent is kept");
}

#[test]
fn a_connection_to_nobody_is_ended() {
    let segment = |flags: u8| {
        let mut packet = tcp(ours(), daemon(), flags);
        packet.extend(b"abc");
        packet[5] += 3;
        packet[44..48].copy_from_slice(&[0xff; 4]);
        packet[48..52].copy_from_slice(&[1, 2, 3, 4]);
        packet
    };
    #[track_caller]
    fn check(packet: &[u8], sequence: [u8; 4], acknowledged: [u8; 4], flags: u8) {
        let answer = packet::reset(packet).unwrap();
        let head = packet::read(&answer).unwrap();
        assert_eq!((head.source, head.destination, answer.len()), (daemon(), ours(), 60));
        assert_eq!(
            (&answer[40..44], &answer[44..48], &answer[48..52]),
            (&[0, 90, 0, 80][..], &sequence[..], &acknowledged[..])
        );
        assert_eq!(answer[53], flags);
        let mut again = answer.clone();
        fill_checksum(&mut again, 16);
        assert_eq!(answer, again);
    }
    check(&segment(0x10), [1, 2, 3, 4], [0; 4], 0x04);
    check(&segment(0x11), [1, 2, 3, 4], [0; 4], 0x04);
    check(&segment(0x00), [0; 4], [0, 0, 0, 2], 0x14);
    check(&segment(0x01), [0; 4], [0, 0, 0, 3], 0x14);
    for silent in [segment(0x02), segment(0x04), segment(0x14), udp((ours(), 5), (daemon(), 6)), vec![0x60; 60]] {
        assert_eq!(packet::reset(&silent), None);
    }
}

#[test]
fn nobody_is_told_at_once() {
    let answer = packet::unreachable(&tcp(ours(), daemon(), 2), DNS_SERVER, Unreachable::Address).unwrap();
    assert_eq!((answer[6], answer[40], answer[41], answer.len()), (58, 1, 3, 108));
    assert_eq!(packet::read(&answer).unwrap().destination, ours());
    let mut again = answer.clone();
    fill_checksum(&mut again, 2);
    assert_eq!(answer, again);
    let long = ip(6, ours(), daemon(), &[0; 1240]);
    assert_eq!(packet::unreachable(&long, DNS_SERVER, Unreachable::Address).unwrap().len(), 1280);
    for silent in [
        answer,
        icmp(ours(), "ff02::1".parse().unwrap(), 128, 0),
        tcp(Ipv6Addr::UNSPECIFIED, daemon(), 2),
        vec![0x60; 10],
    ] {
        assert_eq!(packet::unreachable(&silent, DNS_SERVER, Unreachable::Address), None);
    }
}

#[test]
fn segment_sizes_are_lowered() {
    #[track_caller]
    fn check(options: &[u8], expect: &[u8]) {
        let mut segment = vec![0u8; 20];
        (segment[13], segment[12]) = (0x12, u8::try_from((20 + options.len()) / 4).unwrap() << 4);
        let mut packet = ip(6, daemon(), ours(), &[&segment, options].concat());
        fill_checksum(&mut packet, 16);
        clamp_segment_size(&mut packet, 1220);
        assert_eq!(&packet[60..], expect);
        let found = packet.clone();
        fill_checksum(&mut packet, 16);
        assert_eq!(found, packet, "the checksum");
    }
    check(&[2, 4, 5, 0xb4], &[2, 4, 4, 0xc4]);
    check(&[2, 4, 4, 0xc4], &[2, 4, 4, 0xc4]);
    check(&[2, 4, 2, 0], &[2, 4, 2, 0]);
    check(&[1, 2, 4, 5, 0xb4, 1, 1, 0], &[1, 2, 4, 4, 0xc4, 1, 1, 0]);
    check(&[4, 2, 2, 4, 0xff, 0xff, 0, 0], &[4, 2, 2, 4, 4, 0xc4, 0, 0]);
    check(&[0, 0, 0, 0], &[0, 0, 0, 0]);
    check(&[3, 0, 2, 4], &[3, 0, 2, 4]);
    check(&[], &[]);
    let mut nonsense = ip(6, daemon(), ours(), &[0xff; 20]);
    clamp_segment_size(&mut nonsense, 1220);
    clamp_segment_size(&mut [0; 10], 1220);
}
