//! The packets inside the tunnel, as far as the engine must look: IPv6 source and destination, and the TSMP ping by
//! which Go clients learn that a peer is reachable (spec `derp-disco-stun.md` 5.1).
//!
//! A TSMP ping is an IPv6 packet with next header 99 and payload `p` + 8 bytes; its answer carries `o`, the same bytes
//! and a port (0 for us). Not here: TCP and UDP, which are the stack's.

use std::net::Ipv6Addr;

#[cfg(test)]
mod tests;

/// The fixed IPv6 header.
pub(super) const HEADER: usize = 40;
/// Inner packets are never longer (the mesh's MTU).
pub(super) const MTU: usize = 1280;
const TSMP: u8 = 99;
const PING: u8 = b'p';
const PONG: u8 = b'o';
/// Payload of an answer.
const PONG_LENGTH: usize = 11;

/// Source and destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
}

/// What a TSMP packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tsmp {
    /// Answer with these bytes.
    Ping([u8; 8]),
    /// The answer to a ping with these bytes.
    Pong([u8; 8]),
    /// Anything else, to be ignored.
    Other,
}

/// Reads the header; `None` when this is no IPv6 packet that fits the mesh.
pub(super) fn addresses(packet: &[u8]) -> Option<Addresses> {
    if packet.len() > MTU || packet.first()? >> 4 != 6 {
        return None;
    }
    let source: [u8; 16] = packet.get(8..24)?.try_into().ok()?;
    let destination: [u8; 16] = packet.get(24..HEADER)?.try_into().ok()?;
    Some(Addresses { source: source.into(), destination: destination.into() })
}

/// Reads a TSMP packet; `None` when it is another protocol.
pub(super) fn tsmp(packet: &[u8]) -> Option<Tsmp> {
    if *packet.get(6)? != TSMP {
        return None;
    }
    let payload = packet.get(HEADER..).unwrap_or_default();
    let data = || payload.get(1..9)?.try_into().ok();
    match payload.first() {
        Some(&PING) => Some(data().map_or(Tsmp::Other, Tsmp::Ping)),
        Some(&PONG) => Some(data().map_or(Tsmp::Other, Tsmp::Pong)),
        _ => Some(Tsmp::Other),
    }
}

/// Builds a TSMP ping.
pub(super) fn tsmp_ping(addresses: Addresses, data: [u8; 8]) -> Vec<u8> {
    let [a, b, c, d, e, f, g, h] = data;
    packet(addresses, &[PING, a, b, c, d, e, f, g, h])
}

/// Builds the answer.
pub(super) fn tsmp_pong(addresses: Addresses, data: [u8; 8]) -> Vec<u8> {
    let mut payload = [0; PONG_LENGTH];
    payload[0] = PONG;
    payload[1..9].copy_from_slice(&data);
    packet(addresses, &payload)
}

fn packet(addresses: Addresses, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    let mut packet = Vec::with_capacity(HEADER + payload.len());
    packet.extend_from_slice(&[0x60, 0, 0, 0, length[0], length[1], TSMP, 64]);
    packet.extend_from_slice(&addresses.source.octets());
    packet.extend_from_slice(&addresses.destination.octets());
    packet.extend_from_slice(payload);
    packet
}
