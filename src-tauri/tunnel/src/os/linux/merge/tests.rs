//! Super-packets against the packets they came from: what is merged is split again by `offload`, which has tests of its own
//! with sums that are added up elsewhere.

use super::super::offload::Splitter;
use super::*;

const FLOW: u8 = 1;
const OTHER: u8 = 2;
const SEQUENCE: u32 = 0xffff_f000;

/// A packet of a flow whose checksum is right.
fn tcp(flow: u8, sequence: u32, flags: u8, data: usize) -> BytesMut {
    let mut packet = vec![0x60, 0, 0, 0, 0, 0, TCP, 64];
    packet.extend([0xfd; 15]);
    packet.push(flow);
    packet.extend([0xfc; 16]);
    packet.extend([0x12, 0x34, 0, flow]);
    packet.extend(SEQUENCE.wrapping_add(sequence).to_be_bytes());
    packet.extend([0, 0, 0, 1, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    packet.extend((0..data).map(|at| u8::try_from((at + usize::try_from(sequence).unwrap()) % 251).unwrap()));
    finish(&mut packet);
    BytesMut::from(packet.as_slice())
}

fn finish(packet: &mut [u8]) {
    let length = u16::try_from(packet.len() - IPV6_HEAD).unwrap();
    packet[LENGTH_AT..LENGTH_AT + 2].copy_from_slice(&length.to_be_bytes());
    packet[SUM_AT..SUM_AT + 2].fill(0);
    let sum = !fold(sum(&packet[8..]) + pseudo_rest(length));
    packet[SUM_AT..SUM_AT + 2].copy_from_slice(&sum.to_ne_bytes());
    assert!(is_right(packet));
}

/// How many segments each write holds, and all packets as the kernel would make them again.
fn merged(packets: &[BytesMut]) -> (Vec<usize>, Vec<Vec<u8>>) {
    let (mut counts, mut split, mut splitter) = (Vec::new(), Vec::new(), Splitter::new(true));
    Merger::default().merge(&mut packets.to_vec(), |pieces| {
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
        splitter.buffer()[..bytes.len()].copy_from_slice(&bytes);
        let before = split.len();
        splitter.split(bytes.len(), &mut |packet| split.push(packet.to_vec())).unwrap();
        counts.push(split.len() - before);
    });
    (counts, split)
}

fn check(packets: &[BytesMut], expect: &[usize]) {
    let (counts, split) = merged(packets);
    assert_eq!(counts, expect);
    let mut expected: Vec<&[u8]> = packets.iter().map(AsRef::as_ref).collect();
    let mut split: Vec<&[u8]> = split.iter().map(AsRef::as_ref).collect();
    // Flows may overtake each other; inside of one the order holds, which its sequence numbers and sizes show.
    let flow = |packet: &&[u8]| packet.get(23).copied();
    expected.sort_by_key(flow);
    split.sort_by_key(flow);
    assert!(expected == split, "other packets than before");
}

#[test]
fn neighbours_become_one_and_come_apart_as_they_were() {
    let run = |count: u32, data: u32| {
        (0..count).map(move |at| tcp(FLOW, at * data, ACK, usize::try_from(data).unwrap())).collect::<Vec<_>>()
    };
    check(&run(1, 1220), &[1]);
    check(&run(2, 1220), &[2]);
    check(&run(20, 1220), &[20]);
    // An odd size moves every other segment's bytes in the sum.
    check(&run(9, 1219), &[9]);
    // As long as a length can say, and no more segments than one write takes.
    check(&run(60, 1220), &[53, 7]);
    check(&run(130, 100), &[64, 64, 2]);
}

#[test]
fn what_ends_a_run_ends_it() {
    let data = |sequence, data| tcp(FLOW, sequence, ACK, data);
    let pushed = |sequence, data| tcp(FLOW, sequence, ACK | PSH, data);
    // A short one is the last, also when it has PSH.
    check(&[data(0, 100), data(100, 50), data(150, 50)], &[2, 1]);
    check(&[data(0, 100), pushed(100, 50), data(150, 100)], &[2, 1]);
    check(&[pushed(0, 100), data(100, 100)], &[1, 1]);
    check(&[data(0, 100), data(100, 120)], &[1, 1]);
    // A hole, a repeat, an acknowledgement without data, an end.
    check(&[data(0, 100), data(200, 100), data(300, 100)], &[1, 2]);
    check(&[data(0, 100), data(0, 100)], &[1, 1]);
    check(&[data(0, 100), tcp(FLOW, 100, ACK, 0), data(100, 100)], &[1, 1, 1]);
    check(&[data(0, 100), tcp(FLOW, 100, ACK | 1, 0), tcp(FLOW, 101, ACK, 0)], &[1, 1, 1]);
    check(&[data(0, 100), tcp(FLOW, 100, ACK | 1, 100)], &[1, 1]);
}

#[test]
fn headers_that_differ_do_not_meet() {
    let with = |at: usize, byte: u8| {
        let mut packet = tcp(FLOW, 100, ACK, 100);
        packet[at] = byte;
        finish(&mut packet);
        [tcp(FLOW, 0, ACK, 100), packet]
    };
    check(&with(IPV6_HEAD, 0x12), &[2]);
    // Label, hops, acknowledgement, window, urgent pointer, port, reserved bits.
    for at in [3, 7, 51, 54, 59, 41, 52] {
        let packets = with(at, if at == 52 { 0x51 } else { 0x77 });
        check(&packets, &[1, 1]);
    }
}

#[test]
fn flows_are_told_apart_and_nothing_else_is_touched() {
    // The same ports, but not TCP.
    let mut udp = tcp(OTHER, 100, ACK, 100);
    udp[6] = 17;
    let both = [tcp(FLOW, 0, ACK, 100), tcp(OTHER, 0, ACK, 90), tcp(FLOW, 100, ACK, 100), tcp(OTHER, 90, ACK, 90)];
    check(&both, &[2, 2]);
    check(&[tcp(FLOW, 0, ACK, 100), udp, tcp(FLOW, 100, ACK, 100)], &[2, 1]);
    let short = BytesMut::from(&[0x60, 0, 0][..]);
    let mut counted = 0;
    Merger::default().merge(&mut [short, BytesMut::new()], |_| counted += 1);
    assert_eq!(counted, 2, "whatever it is, the kernel judges it");
}

#[test]
fn the_newest_of_bare_acknowledgements_speaks_for_all() {
    let acknowledge = |number: u32, change: (usize, u8)| {
        let mut packet = tcp(FLOW, 0, ACK, 0);
        packet[IPV6_HEAD + 8..IPV6_HEAD + 12].copy_from_slice(&number.to_be_bytes());
        packet[change.0] = change.1;
        finish(&mut packet);
        packet
    };
    let plain = |number| acknowledge(number, (3, 0));
    let check = |packets: &[BytesMut], left: &[usize]| {
        let (_, split) = merged(packets);
        let left: Vec<&[u8]> = left.iter().map(|at| &*packets[*at]).collect();
        assert!(split == left, "{} of {} are left", split.len(), packets.len());
    };
    check(&[plain(1), plain(2), plain(9)], &[2]);
    check(&[plain(u32::MAX), plain(5)], &[1]);
    // Another window goes with the newest.
    check(&[plain(1), acknowledge(2, (IPV6_HEAD + 14, 0x70))], &[1]);
    // The same again, an older one, another flag, another class: they mean something.
    check(&[plain(1), plain(1), plain(1)], &[0, 1, 2]);
    check(&[plain(7), plain(2)], &[0, 1]);
    check(&[plain(1), acknowledge(2, (FLAGS_AT, ACK | 0x40))], &[0, 1]);
    check(&[plain(1), acknowledge(2, (0, 0x61))], &[0, 1]);
    check(&[plain(1), acknowledge(2, (IPV6_HEAD + 7, 9))], &[0, 1]);
    // Data between them, and other flows.
    check(&[plain(1), tcp(FLOW, 0, ACK, 100), plain(200)], &[0, 1, 2]);
    check(&[plain(1), tcp(OTHER, 0, ACK, 0), plain(2)], &[2, 1]);
}

#[test]
fn a_wrong_checksum_stays_wrong() {
    let whole = || [tcp(FLOW, 0, ACK, 100), tcp(FLOW, 100, ACK, 100), tcp(FLOW, 200, ACK, 100)];
    for (spoilt, expect) in [(0, vec![1, 2]), (1, vec![1, 1, 1]), (2, vec![2, 1])] {
        let mut packets = whole();
        packets[spoilt][80] ^= 1;
        check(&packets, &expect);
    }
}
