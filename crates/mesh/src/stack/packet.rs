//! IPv6, TCP and UDP headers as far as the stack needs them itself: finding the flow of a packet, refusing one, checksums.
//! What a TCP connection does with its segments is smoltcp's business, in `flow`.

use std::net::{Ipv6Addr, SocketAddrV6};

/// Largest inner packet (spec `derp-disco-stun.md` 8).
pub const MTU: usize = 1280;
/// Length of an IPv6 header.
pub const IP_HEADER: usize = 40;
/// Length of a TCP header without options.
pub const TCP_HEADER: usize = 20;
/// The same, as a length field says it.
const TCP_LENGTH: u16 = 20;
/// Length of a UDP header.
pub const UDP_HEADER: usize = 8;
/// Largest UDP payload that fits one inner packet.
pub const MAX_DATAGRAM: usize = MTU - IP_HEADER - UDP_HEADER;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;
const HOP_LIMIT: u8 = 64;

/// Largest TCP payload of one inner packet.
pub const MAX_SEGMENT: u16 = 1220;

/// Larger ones count as this (RFC 7323, 2.3).
const MAX_WINDOW_SCALE: u8 = 14;

/// Kinds of TCP options.
const OPTION_NOTHING: u8 = 1;
const OPTION_SEGMENT_SIZE: u8 = 2;
const OPTION_WINDOW_SCALE: u8 = 3;
const OPTION_SELECTIVE: u8 = 4;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// A packet that the stack has a use for. Extension headers are not: no peer of ours sends them.
#[derive(Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A TCP segment with a right checksum.
    Tcp(Segment<'a>),
    /// A UDP datagram with a right checksum.
    Udp { from: SocketAddrV6, to: SocketAddrV6, data: &'a [u8] },
    /// An ICMPv6 echo request with a right checksum.
    Echo { from: Ipv6Addr, to: Ipv6Addr, message: &'a [u8] },
}

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    pub from: SocketAddrV6,
    pub to: SocketAddrV6,
    flags: u8,
    /// Header and data.
    bytes: &'a [u8],
}

impl Segment<'_> {
    /// Whether it asks for a new connection.
    pub fn opens(&self) -> bool {
        self.flags & (SYN | ACK | RST | FIN) == SYN
    }

    fn sequence(&self) -> u32 {
        be32(self.bytes, 4)
    }

    /// The sequence number after the segment.
    fn end(&self) -> u32 {
        let header = usize::from(self.bytes[12] >> 4) * 4;
        let data = self.bytes.len().saturating_sub(header);
        let controls = u32::from(self.flags & SYN != 0) + u32::from(self.flags & FIN != 0);
        self.sequence().wrapping_add(u32::try_from(data).unwrap_or_default()).wrapping_add(controls)
    }

    /// The reset that refuses the segment; `None` when it is a reset itself (RFC 9293, 3.10.7.1).
    pub fn refusal(&self) -> Option<[u8; IP_HEADER + TCP_HEADER]> {
        if self.flags & RST != 0 {
            return None;
        }
        let mut packet = [0; IP_HEADER + TCP_HEADER];
        write_ip(&mut packet, TCP, *self.to.ip(), *self.from.ip());
        let tcp = &mut packet[IP_HEADER..];
        tcp[..2].copy_from_slice(&self.to.port().to_be_bytes());
        tcp[2..4].copy_from_slice(&self.from.port().to_be_bytes());
        tcp[12] = 5 << 4;
        if self.flags & ACK != 0 {
            tcp[4..8].copy_from_slice(&be32(self.bytes, 8).to_be_bytes());
            tcp[13] = RST;
        } else {
            tcp[8..12].copy_from_slice(&self.end().to_be_bytes());
            tcp[13] = RST | ACK;
        }
        fill_checksum(&mut packet, 16);
        Some(packet)
    }
}

/// Limits the segment size that a SYN announces to what an inner packet carries, and says what it announces then; other
/// packets stay as they are. smoltcp believes in a larger MTU (see `port`) and would both announce and use it.
pub fn clamp_segment_size(packet: &mut [u8]) -> Option<u16> {
    let at = syn_option(packet, OPTION_SEGMENT_SIZE, 4)?;
    let size = be16(packet, at + 2).min(MAX_SEGMENT);
    packet[at + 2..at + 4].copy_from_slice(&size.to_be_bytes());
    Some(size)
}

/// Takes the permission of selective acknowledgements out of a SYN; other packets stay as they are.
///
/// Peers of the field run a sender (gVisor, with RACK) that counts everything behind a lost tail as under way as long as
/// no selective acknowledgement lies above it. After a burst of losses, or a second without a path, it believes its window
/// full, and repeats two segments per timeout, each twice as long as the one before: minutes for a megabyte. Without the
/// permission it repeats everything from the first lost byte in a slow start (RFC 6582), which ends within round trips.
pub fn forbid_selective(packet: &mut [u8]) {
    if let Some(at) = syn_option(packet, OPTION_SELECTIVE, 2) {
        packet[at..at + 2].fill(OPTION_NOTHING);
    }
}

/// Where an option of this kind and length stands in a packet that carries a SYN.
fn syn_option(packet: &[u8], kind: u8, length: usize) -> Option<usize> {
    if !has_syn(packet) {
        return None;
    }
    let end = (IP_HEADER + usize::from(packet[IP_HEADER + 12] >> 4) * 4).min(packet.len());
    let mut at = IP_HEADER + TCP_HEADER;
    while at + 1 < end {
        match (packet[at], usize::from(packet[at + 1])) {
            (0, _) => return None,
            (OPTION_NOTHING, _) => at += 1,
            (found, said) if found == kind && said == length && at + length <= end => return Some(at),
            (_, said) => at += said.max(2),
        }
    }
    None
}

/// What a segment acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The next byte that is awaited.
    pub number: u32,
    /// The window field as it stands.
    pub window: u16,
    /// Nothing else is in the segment.
    pub is_bare: bool,
}

/// What a packet that [`read`] has accepted as TCP acknowledges.
pub fn acknowledgement(packet: &[u8]) -> Option<Acknowledgement> {
    let tcp = packet.get(IP_HEADER..).filter(|tcp| tcp.len() >= TCP_HEADER)?;
    let length = usize::from(be16(packet, 4));
    (tcp[13] & (ACK | SYN | RST) == ACK).then(|| Acknowledgement {
        number: be32(tcp, 8),
        window: be16(tcp, 14),
        is_bare: tcp[13] & FIN == 0 && length == usize::from(tcp[12] >> 4) * 4,
    })
}

/// Changes the window of a packet that [`read`] has accepted as TCP; the checksum is wrong afterwards.
pub fn set_window(packet: &mut [u8], window: u16) {
    if let Some(field) = packet.get_mut(IP_HEADER + 14..IP_HEADER + 16) {
        field.copy_from_slice(&window.to_be_bytes());
    }
}

/// The sequence number of a packet that [`read`] has accepted as TCP.
pub fn sequence(packet: &[u8]) -> u32 {
    be32(packet, IP_HEADER + 4)
}

/// Changes it; the checksum is wrong afterwards.
pub fn set_sequence(packet: &mut [u8], sequence: u32) {
    if let Some(field) = packet.get_mut(IP_HEADER + 4..IP_HEADER + 8) {
        field.copy_from_slice(&sequence.to_be_bytes());
    }
}

/// Makes a packet that [`read`] has accepted as TCP into the bare acknowledgement that would follow it: no data, no
/// options; the checksum is wrong afterwards.
pub fn make_bare(packet: &mut Vec<u8>) {
    let next = data_range(packet).map(|(_, end)| end);
    packet.truncate(IP_HEADER + TCP_HEADER);
    packet[4..6].copy_from_slice(&TCP_LENGTH.to_be_bytes());
    let tcp = &mut packet[IP_HEADER..];
    if let Some(next) = next {
        tcp[4..8].copy_from_slice(&next.to_be_bytes());
    }
    tcp[12] = 5 << 4;
    tcp[13] = ACK;
}

/// First and next sequence number of the data that a packet of ours, cut to size or not, carries.
pub fn data_range(packet: &[u8]) -> Option<(u32, u32)> {
    let tcp = packet.get(IP_HEADER..).filter(|tcp| tcp.len() >= TCP_HEADER)?;
    let data = tcp.len().saturating_sub(usize::from(tcp[12] >> 4) * 4);
    let start = be32(tcp, 4);
    (data > 0).then(|| (start, start.wrapping_add(u32::try_from(data).unwrap_or_default())))
}

/// The window scale that a SYN announces (RFC 7323), 0 without.
pub fn window_scale(syn: &[u8]) -> u8 {
    syn_option(syn, OPTION_WINDOW_SCALE, 3).map_or(0, |at| syn[at + 2].min(MAX_WINDOW_SCALE))
}

/// Whether a packet that [`read`] has accepted as TCP carries a SYN.
pub fn has_syn(packet: &[u8]) -> bool {
    packet.get(IP_HEADER + 13).is_some_and(|flags| flags & SYN != 0)
}

/// Reads a packet; `None` for everything that is damaged, of another protocol, or not for one of `ours`.
pub fn read<'a>(packet: &'a [u8], ours: &[Ipv6Addr]) -> Option<Packet<'a>> {
    let (header, rest) = packet.split_at_checked(IP_HEADER)?;
    let length = usize::from(be16(header, 4));
    let payload = rest.get(..length)?;
    let (from, to) = (address(header, 8)?, address(header, 24)?);
    if header[0] >> 4 != 6 || !ours.contains(&to) || from.is_multicast() || from.is_unspecified() {
        return None;
    }
    if checksum(header, header[6], payload) != 0 {
        return None;
    }
    match header[6] {
        TCP if payload.len() >= TCP_HEADER => {
            let (from_port, to_port) = (be16(payload, 0), be16(payload, 2));
            let offset = usize::from(payload[12] >> 4) * 4;
            if offset < TCP_HEADER || offset > payload.len() || from_port == 0 || to_port == 0 {
                return None;
            }
            let (from, to) = (SocketAddrV6::new(from, from_port, 0, 0), SocketAddrV6::new(to, to_port, 0, 0));
            Some(Packet::Tcp(Segment { from, to, flags: payload[13], bytes: payload }))
        }
        UDP if payload.len() >= UDP_HEADER => {
            let (from_port, to_port) = (be16(payload, 0), be16(payload, 2));
            let length = usize::from(be16(payload, 4));
            let data = payload.get(UDP_HEADER..length)?;
            if to_port == 0 || be16(payload, 6) == 0 {
                return None;
            }
            let (from, to) = (SocketAddrV6::new(from, from_port, 0, 0), SocketAddrV6::new(to, to_port, 0, 0));
            Some(Packet::Udp { from, to, data })
        }
        ICMP6 if payload.len() >= 8 && payload[..2] == [128, 0] => Some(Packet::Echo { from, to, message: payload }),
        _ => None,
    }
}

/// Who sent an inner packet.
#[must_use]
pub fn source(packet: &[u8]) -> Option<Ipv6Addr> {
    address(packet, 8)
}

/// A UDP datagram as an inner packet; the caller has checked the length against [`MAX_DATAGRAM`].
pub fn datagram(from: SocketAddrV6, to: SocketAddrV6, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; IP_HEADER + UDP_HEADER];
    packet.extend_from_slice(data);
    write_ip(&mut packet, UDP, *from.ip(), *to.ip());
    let length = u16::try_from(UDP_HEADER + data.len()).unwrap_or_default();
    packet[40..42].copy_from_slice(&from.port().to_be_bytes());
    packet[42..44].copy_from_slice(&to.port().to_be_bytes());
    packet[44..46].copy_from_slice(&length.to_be_bytes());
    fill_checksum(&mut packet, 6);
    // A computed zero is sent as all ones: zero would mean "no checksum" (RFC 8200, 8.1).
    if packet[46..48] == [0, 0] {
        packet[46..48].copy_from_slice(&[0xff, 0xff]);
    }
    packet
}

/// The answer to an echo request.
pub fn echo_reply(from: Ipv6Addr, to: Ipv6Addr, message: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; IP_HEADER];
    packet.extend_from_slice(message);
    write_ip(&mut packet, ICMP6, from, to);
    packet[IP_HEADER] = 129;
    fill_checksum(&mut packet, 2);
    packet
}

/// Cuts one large TCP packet into packets with at most `segment` bytes of data each, in place: each header is written
/// over data that has been handed out already, so nothing is copied. Fills in checksums.
pub fn cut(large: &mut [u8], segment: usize, sink: &mut dyn FnMut(&[u8])) {
    let Some(offset) = large.get(IP_HEADER + 12).map(|byte| usize::from(byte >> 4) * 4) else { return };
    let header_length = IP_HEADER + offset;
    if large.len() < header_length || segment == 0 {
        return;
    }
    clamp_segment_size(large);
    forbid_selective(large);
    let header: Vec<u8> = large[..header_length].to_vec();
    let (sequence, flags) = (be32(&header, IP_HEADER + 4), header[IP_HEADER + 13]);
    let total = large.len() - header_length;
    let mut done = 0;
    loop {
        let data = segment.min(total - done);
        let packet = &mut large[done..done + header_length + data];
        packet[..header_length].copy_from_slice(&header);
        let length = u16::try_from(offset + data).unwrap_or_default();
        packet[4..6].copy_from_slice(&length.to_be_bytes());
        let sequence = sequence.wrapping_add(u32::try_from(done).unwrap_or_default());
        packet[IP_HEADER + 4..IP_HEADER + 8].copy_from_slice(&sequence.to_be_bytes());
        done += data;
        if done < total {
            packet[IP_HEADER + 13] = flags & !(FIN | PSH);
        }
        fill_checksum(packet, 16);
        sink(packet);
        if done >= total {
            return;
        }
    }
}

/// Writes the IPv6 header into the first [`IP_HEADER`] bytes of a whole packet.
pub fn write_ip(packet: &mut [u8], protocol: u8, from: Ipv6Addr, to: Ipv6Addr) {
    let length = u16::try_from(packet.len() - IP_HEADER).unwrap_or_default();
    packet[0] = 6 << 4;
    packet[4..6].copy_from_slice(&length.to_be_bytes());
    packet[6] = protocol;
    packet[7] = HOP_LIMIT;
    packet[8..24].copy_from_slice(&from.octets());
    packet[24..40].copy_from_slice(&to.octets());
}

/// Computes the checksum that stands `at` bytes into the payload of a whole packet.
pub fn fill_checksum(packet: &mut [u8], at: usize) {
    packet[IP_HEADER + at..IP_HEADER + at + 2].copy_from_slice(&[0, 0]);
    let (header, payload) = packet.split_at(IP_HEADER);
    let sum = checksum(header, header[6], payload);
    packet[IP_HEADER + at..IP_HEADER + at + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The Internet checksum over pseudo header and payload: 0 when a payload's own checksum is right.
fn checksum(header: &[u8], protocol: u8, payload: &[u8]) -> u16 {
    let pseudo = u32::try_from(payload.len()).unwrap_or_default() + u32::from(protocol);
    let mut sum = raw_sum(&header[8..IP_HEADER]) + raw_sum(payload) + u64::from(pseudo.to_be());
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::from_be(u16::try_from(sum).unwrap_or_default())
}

/// Sums 32-bit words in memory order, which the final fold turns into the sum of 16-bit words. Written so that the
/// compiler uses vector instructions: every byte of every packet goes through here.
fn raw_sum(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(4);
    let mut sum: u64 =
        words.by_ref().map(|word| u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))).sum();
    let rest = words.remainder();
    if !rest.is_empty() {
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        sum += u64::from(u32::from_ne_bytes(last));
    }
    sum
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn address(header: &[u8], at: usize) -> Option<Ipv6Addr> {
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(header.get(at..at + 16)?).ok()?))
}
