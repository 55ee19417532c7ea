//! Super-packets of the kernel against packets with checksums that are added up here.

use std::net::Ipv6Addr;

use super::*;

const FROM: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 0, 0, 0, 0, 1);
const TO: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 0, 0, 0, 0, 2);
const TCP: u8 = 6;
const UDP: u8 = 17;
const SEQUENCE: u32 = 0xffff_ff00;

/// An IPv6 packet without checksum, as the kernel hands it over when it leaves the sum to us.
fn packet(protocol: u8, data: usize) -> Vec<u8> {
    let head = if protocol == TCP { 20 } else { 8 };
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(head + data).unwrap().to_be_bytes());
    packet.extend([protocol, 64]);
    packet.extend(FROM.octets());
    packet.extend(TO.octets());
    packet.extend([0x12, 0x34, 0x00, 0x16]);
    if protocol == TCP {
        packet.extend(SEQUENCE.to_be_bytes());
        // Acknowledgement, 20 bytes of header, PSH and ACK, window, checksum, urgent.
        packet.extend([0, 0, 0, 1, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
    } else {
        packet.extend(u16::try_from(head + data).unwrap().to_be_bytes());
        packet.extend([0, 0]);
    }
    packet.extend((0..data).map(|at| u8::try_from(at % 251).unwrap()));
    // The kernel leaves the sum of the pseudo header where the checksum will stand.
    let at = 40 + if protocol == TCP { 16 } else { 6 };
    let sum = fold(pseudo(&packet));
    packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    packet
}

fn pseudo(packet: &[u8]) -> u32 {
    let length = u32::try_from(packet.len() - 40).unwrap();
    add(&packet[8..40]) + (length >> 16) + (length & 0xffff) + u32::from(packet[6])
}

fn add(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
}

fn fold(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    u16::try_from(sum).unwrap()
}

/// Whether the checksum of a finished packet is right.
fn is_right(packet: &[u8]) -> bool {
    fold(pseudo(packet) + add(&packet[40..])) == 0xffff
}

fn head(kind: u8, segment: u16, protocol: u8) -> Vec<u8> {
    let (headers, offset): (u16, u16) = if protocol == TCP { (60, 16) } else { (48, 6) };
    let mut head = vec![0; VIRTIO_NET_HDR_LEN];
    let fields = VirtioNetHdr {
        flags: NEEDS_CHECKSUM,
        gso_type: kind,
        hdr_len: headers,
        gso_size: segment,
        csum_start: 40,
        csum_offset: offset,
    };
    fields.encode(&mut head).unwrap();
    head
}

fn split(read: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let mut splitter = Splitter::new(true);
    splitter.buffer()[..read.len()].copy_from_slice(read);
    let mut packets = Vec::new();
    splitter.split(read.len(), &mut |packet| packets.push(packet.to_vec()))?;
    Ok(packets)
}

#[test]
fn super_packets_become_packets_with_right_sums_that_fit() {
    let check = |protocol: u8, kind: u8, data: usize, segment: u16, expect: usize| {
        let packet = packet(protocol, data);
        let packets = split(&[head(kind, segment, protocol), packet.clone()].concat()).unwrap();
        assert_eq!(packets.len(), expect, "{data} bytes in segments of {segment}");
        let headers = if protocol == TCP { 60 } else { 48 };
        let mut whole: Vec<u8> = Vec::new();
        for packet in &packets {
            assert!(packet.len() <= MTU as usize && is_right(packet), "{data} in {segment}: {} bytes", packet.len());
            assert_eq!(usize::from(u16::from_be_bytes([packet[4], packet[5]])), packet.len() - 40);
            if protocol == TCP {
                let sequence = u32::from_be_bytes(packet[44..48].try_into().unwrap());
                assert_eq!(sequence, SEQUENCE.wrapping_add(u32::try_from(whole.len()).unwrap()));
                let is_last = whole.len() + packet.len() - headers == data;
                assert_eq!(packet[53] & 0x08 != 0, is_last, "PSH only on the last");
            }
            whole.extend(&packet[headers..]);
        }
        assert_eq!(whole, packet[headers..]);
    };
    let tcp = tun_rs::VIRTIO_NET_HDR_GSO_TCPV6;
    check(TCP, NO_SUPER_PACKET, 0, 0, 1);
    check(TCP, NO_SUPER_PACKET, 1220, 0, 1);
    check(UDP, NO_SUPER_PACKET, 7, 0, 1);
    check(TCP, tcp, 1220, 1220, 1);
    check(TCP, tcp, 1221, 1220, 2);
    check(TCP, tcp, 2440, 1220, 2);
    check(TCP, tcp, 65_475, 1208, 55);
    check(TCP, tcp, 65_475, 48, 1365);
    check(UDP, VIRTIO_NET_HDR_GSO_UDP_L4, 5000, 1232, 5);
    check(UDP, VIRTIO_NET_HDR_GSO_UDP_L4, 5001, 1000, 6);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let tcp = tun_rs::VIRTIO_NET_HDR_GSO_TCPV6;
    let check = |name: &str, read: &[u8]| assert!(split(read).is_err(), "{name}");
    let good = packet(TCP, 5000);
    let with = |head: Vec<u8>, packet: &[u8]| [head, packet.to_vec()].concat();
    let bent = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut read = with(head(tcp, 1220, TCP), &good);
        change(&mut read);
        read
    };
    check("nothing", &[]);
    check("a head alone", &head(tcp, 1220, TCP));
    check("no segment size", &with(head(tcp, 0, TCP), &good));
    check("segments above the MTU", &with(head(tcp, 1221, TCP), &good));
    check("a segment for each byte", &with(head(tcp, 1, TCP), &good));
    check("IPv4", &bent(&|read| read[10] = 0x45));
    check("an unknown kind", &bent(&|read| read[1] = 9));
    check("checksum before the packet", &bent(&|read| read[6..8].copy_from_slice(&3_u16.to_le_bytes())));
    check("checksum behind the packet", &bent(&|read| read[6..8].copy_from_slice(&60_000_u16.to_le_bytes())));
    check("checksum elsewhere", &bent(&|read| read[8] = 1));
    check("a tiny TCP header", &bent(&|read| read[10 + 52] = 0x10));
    check("cut in the header", &bent(&|read| read.truncate(10 + 50)));
    check("headers only", &bent(&|read| read.truncate(10 + 60)));
    let plain = NO_SUPER_PACKET;
    check("too long", &with(head(plain, 0, TCP), &packet(TCP, 1300)));
    check("sum outside", &with(head(plain, 0, TCP), &good[..41]));
}

#[test]
fn a_device_without_heads_gives_packets_as_they_are() {
    let mut splitter = Splitter::new(false);
    let packet = packet(UDP, 100);
    splitter.buffer()[..packet.len()].copy_from_slice(&packet);
    let mut seen = Vec::new();
    splitter.split(packet.len(), &mut |packet| seen.push(packet.to_vec())).unwrap();
    assert_eq!(seen, [packet]);
    assert!(splitter.split(MAX_READ + 1, &mut |_| {}).is_err());
}
