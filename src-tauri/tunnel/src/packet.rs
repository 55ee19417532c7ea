//! The heads of inner packets, as far as it must be decided where they go and whether they may pass. Not here: the
//! decisions (`gate`), whole protocols (`mesh::stack`).

use std::net::Ipv6Addr;

use mesh::stack::{IP_HEADER, MTU, fill_checksum, write_ip};

/// Protocol numbers (IANA).
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;
/// Shortest heads.
const TCP_HEAD: usize = 20;
const UDP_HEAD: usize = 8;
const ICMP_HEAD: usize = 8;
/// ICMPv6 types below this are errors (RFC 4443 2.1).
const FIRST_INFORMATION: u8 = 128;
const DESTINATION_UNREACHABLE: u8 = 1;

/// A whole IPv6 packet without extension headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// From.
    pub source: Ipv6Addr,
    /// To.
    pub destination: Ipv6Addr,
    /// What it carries.
    pub transport: Transport,
}

/// See [`Head`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A TCP segment.
    Tcp {
        /// Port it comes from.
        from: u16,
        /// Port it goes to.
        to: u16,
        /// It asks for a connection: SYN without ACK.
        opens: bool,
        /// SYN, with or without ACK: it announces a segment size.
        has_syn: bool,
    },
    /// A UDP datagram.
    Udp {
        /// Port it comes from.
        from: u16,
        /// Port it goes to.
        to: u16,
    },
    /// An ICMPv6 message.
    Icmp {
        /// Its type.
        kind: u8,
        /// Of an echo or its reply, what tells them apart.
        id: u16,
    },
    /// Anything else, fragments and extension headers among it.
    Other,
}

/// Reads a packet; `None` when it is not IPv6, or its lengths disagree.
pub fn read(packet: &[u8]) -> Option<Head> {
    let length = usize::from(be16(packet, 4)?);
    if packet.first()? >> 4 != 6 || packet.len() != IP_HEADER + length {
        return None;
    }
    head(packet)
}

/// Reads what an ICMPv6 error quotes: the beginning of a packet, which may be cut.
pub fn quoted(error: &[u8]) -> Option<Head> {
    let packet = error.get(IP_HEADER + ICMP_HEAD..)?;
    if packet.first()? >> 4 != 6 { None } else { head(packet) }
}

fn head(packet: &[u8]) -> Option<Head> {
    let payload = packet.get(IP_HEADER..)?;
    let transport = match *packet.get(6)? {
        TCP if payload.len() >= TCP_HEAD => {
            let flags = payload[13];
            let (has_syn, has_ack) = (flags & 0x02 != 0, flags & 0x10 != 0);
            Transport::Tcp { from: be16(payload, 0)?, to: be16(payload, 2)?, opens: has_syn && !has_ack, has_syn }
        }
        UDP if payload.len() >= UDP_HEAD => Transport::Udp { from: be16(payload, 0)?, to: be16(payload, 2)? },
        ICMP6 if payload.len() >= ICMP_HEAD => Transport::Icmp { kind: payload[0], id: be16(payload, 4)? },
        _ => Transport::Other,
    };
    Some(Head { source: address(packet, 8)?, destination: address(packet, 24)?, transport })
}

/// What a UDP datagram carries.
pub fn datagram_data(packet: &[u8]) -> Option<&[u8]> {
    let udp = packet.get(IP_HEADER..)?;
    udp.get(UDP_HEAD..usize::from(be16(udp, 4)?))
}

/// Why a packet cannot go on (RFC 4443 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// Nobody has the address.
    Address = 3,
    /// Somebody has it, but nothing listens there.
    Port = 4,
}

/// The ICMPv6 error that makes a program fail at once instead of waiting; `None` for what must not be answered (RFC 4443
/// 2.4: errors, and what does not come from one host or go to one).
pub fn unreachable(packet: &[u8], from: Ipv6Addr, why: Unreachable) -> Option<Vec<u8>> {
    let head = read(packet)?;
    let is_error = matches!(head.transport, Transport::Icmp { kind, .. } if kind < FIRST_INFORMATION);
    if is_error || head.destination.is_multicast() || head.source.is_multicast() || head.source.is_unspecified() {
        return None;
    }
    let quoted = packet.get(..MTU - IP_HEADER - ICMP_HEAD).unwrap_or(packet);
    let mut error = vec![0; IP_HEADER + ICMP_HEAD];
    error.extend_from_slice(quoted);
    write_ip(&mut error, ICMP6, from, head.source);
    error[IP_HEADER] = DESTINATION_UNREACHABLE;
    error[IP_HEADER + 1] = why as u8;
    fill_checksum(&mut error, 2);
    Some(error)
}

/// The reset that ends a connection whose other end is gone; `None` for what is no segment of one. An ICMPv6 error would
/// not do: it ends attempts, but of connections it is only a hint (RFC 5461 2.2).
pub fn reset(packet: &[u8]) -> Option<Vec<u8>> {
    const FIN: u8 = 0x01;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;
    let head = read(packet)?;
    let Transport::Tcp { from, to, has_syn: false, .. } = head.transport else { return None };
    let segment = packet.get(IP_HEADER..)?;
    let flags = *segment.get(13)?;
    if flags & RST != 0 {
        return None;
    }
    let mut answer = vec![0; IP_HEADER + TCP_HEAD];
    write_ip(&mut answer, TCP, head.destination, head.source);
    let tcp = answer.get_mut(IP_HEADER..)?;
    tcp[..2].copy_from_slice(&to.to_be_bytes());
    tcp[2..4].copy_from_slice(&from.to_be_bytes());
    tcp[12] = 5 << 4;
    // RFC 9293 3.10.7.1: what the segment acknowledges is where ours begins; without that, we acknowledge the segment.
    if flags & ACK != 0 {
        tcp[4..8].copy_from_slice(segment.get(8..12)?);
        tcp[13] = RST;
    } else {
        let data = segment.len().saturating_sub(usize::from(segment[12] >> 4) * 4) + usize::from(flags & FIN);
        let sequence = u32::from_be_bytes(segment.get(4..8)?.try_into().ok()?);
        let end = sequence.wrapping_add(u32::try_from(data).ok()?);
        tcp[8..12].copy_from_slice(&end.to_be_bytes());
        tcp[13] = RST | ACK;
    }
    fill_checksum(&mut answer, 16);
    Some(answer)
}

/// Lowers the segment size that a SYN announces to `most`, and mends its checksum.
pub fn clamp_segment_size(packet: &mut [u8], most: u16) {
    let Some(tcp) = packet.get_mut(IP_HEADER..).filter(|tcp| tcp.len() >= TCP_HEAD) else { return };
    let end = (usize::from(tcp[12] >> 4) * 4).min(tcp.len());
    let mut at = TCP_HEAD;
    while at + 1 < end {
        match (tcp[at], usize::from(tcp[at + 1])) {
            (0, _) => return,
            (1, _) => at += 1,
            (2, 4) if at + 4 <= end => {
                let old = u16::from_be_bytes([tcp[at + 2], tcp[at + 3]]);
                if old > most {
                    tcp[at + 2..at + 4].copy_from_slice(&most.to_be_bytes());
                    let words = if at.is_multiple_of(2) { (old, most) } else { (old.swap_bytes(), most.swap_bytes()) };
                    let sum = mended(u16::from_be_bytes([tcp[16], tcp[17]]), words);
                    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
                }
                return;
            }
            (_, length) => at += length.max(2),
        }
    }
}

/// A checksum after one 16-bit word changed (RFC 1624, equation 3).
fn mended(sum: u16, (old, new): (u16, u16)) -> u16 {
    let mut total = u32::from(!sum) + u32::from(!old) + u32::from(new);
    while total >> 16 != 0 {
        total = (total & 0xffff) + (total >> 16);
    }
    !u16::try_from(total).unwrap_or_default()
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn address(packet: &[u8], at: usize) -> Option<Ipv6Addr> {
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?))
}
