//! STUN: asks a server on the internet from which address our datagrams arrive (RFC 8489, spec
//! `derp-disco-stun.md` 7). Client requests and answers, and the server's side of both.
//!
//! ```text
//!   type (2) | length (2) | cookie 21 12 A4 42 | transaction id (12) | attributes: type (2) length (2) value, padded to 4
//! ```
//!
//! Only the transaction id protects against forged answers: it must be random, and only outstanding ids are accepted.
//! Caps: a packet is at most [`MAX_PACKET`] bytes. The server answers only requests that carry our field's SOFTWARE
//! value and FINGERPRINT, with an answer that is shorter than the request: it cannot be used to amplify.

use std::net::{IpAddr, SocketAddr};

#[cfg(test)]
mod tests;

/// Length of the fixed header.
const HEADER: usize = 20;
/// Bytes 4 to 7 of every packet.
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const MAPPED_ADDRESS: u16 = 0x0001;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// What servers before RFC 5389 send.
const XOR_MAPPED_ADDRESS_OLD: u16 = 0x8020;
const SOFTWARE: u16 = 0x8022;
const FINGERPRINT: u16 = 0x8028;
const FINGERPRINT_XOR: u32 = 0x5354_554E;
/// The SOFTWARE value by which the field's clients and servers know each other.
const SOFTWARE_VALUE: &[u8; 8] = b"tailnode";
/// Length of a request of ours.
pub const REQUEST: usize = 40;
/// Longest packet that is looked at: no server answers a binding request with more.
pub const MAX_PACKET: usize = 1500;

/// Transaction id: random, it is the only proof that an answer is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TxId(pub [u8; 12]);

/// Why a packet is not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StunError {
    /// No STUN packet, or longer than [`MAX_PACKET`].
    #[error("not a STUN packet")]
    NotStun,
    /// A STUN packet of another kind.
    #[error("not the expected kind of STUN packet")]
    Kind,
    /// A length field points beyond the packet.
    #[error("the STUN packet is malformed")]
    Malformed,
    /// The answer names no address.
    #[error("the STUN answer names no address")]
    NoAddress,
    /// The request comes from other software than ours.
    #[error("the STUN request has not the expected SOFTWARE value")]
    Software,
    /// The request's fingerprint is missing, wrong, or not the last attribute.
    #[error("the STUN request has no valid fingerprint at its end")]
    Fingerprint,
}

/// Whether a datagram is STUN: first two bits zero, and the cookie.
#[must_use]
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER && datagram[0] & 0xC0 == 0 && datagram[4..8] == COOKIE
}

/// Builds a binding request.
#[must_use]
pub fn request(tx_id: TxId) -> [u8; REQUEST] {
    let mut packet = [0; REQUEST];
    packet[..2].copy_from_slice(&BINDING_REQUEST);
    // The length counts the fingerprint before the fingerprint is computed.
    packet[2..4].copy_from_slice(&20u16.to_be_bytes());
    packet[4..8].copy_from_slice(&COOKIE);
    packet[8..20].copy_from_slice(&tx_id.0);
    packet[20..22].copy_from_slice(&SOFTWARE.to_be_bytes());
    packet[22..24].copy_from_slice(&8u16.to_be_bytes());
    packet[24..32].copy_from_slice(SOFTWARE_VALUE);
    packet[32..34].copy_from_slice(&FINGERPRINT.to_be_bytes());
    packet[34..36].copy_from_slice(&4u16.to_be_bytes());
    let fingerprint = fingerprint(&packet[..32]);
    packet[36..].copy_from_slice(&fingerprint);
    packet
}

/// Server: reads a request of the field's clients.
///
/// # Errors
/// [`StunError`]; the request is then not answered.
pub fn parse_request(packet: &[u8]) -> Result<TxId, StunError> {
    let (kind, tx_id, attributes) = header(packet)?;
    if kind != BINDING_REQUEST {
        return Err(StunError::Kind);
    }
    let mut is_ours = false;
    let mut is_sealed = false;
    let mut offset = HEADER;
    for attribute in Attributes(attributes) {
        let (kind, value) = attribute?;
        is_sealed = kind == FINGERPRINT && packet.get(..offset).map(fingerprint).is_some_and(|sum| sum == *value);
        is_ours |= kind == SOFTWARE && value == SOFTWARE_VALUE;
        offset += 4 + value.len().next_multiple_of(4);
    }
    match (is_ours, is_sealed) {
        (true, true) => Ok(tx_id),
        (true, false) => Err(StunError::Fingerprint),
        (false, _) => Err(StunError::Software),
    }
}

/// Server: answers a request with the address it came from.
#[must_use]
pub fn response(tx_id: TxId, source: SocketAddr) -> Vec<u8> {
    let mask = mask(tx_id);
    let (family, address): (u8, Vec<u8>) = match source.ip().to_canonical() {
        IpAddr::V4(ip) => (1, xor(&ip.octets(), &mask)),
        IpAddr::V6(ip) => (2, xor(&ip.octets(), &mask)),
    };
    let mut packet = Vec::with_capacity(44);
    packet.extend_from_slice(&BINDING_SUCCESS);
    packet.extend_from_slice(&[0, if family == 1 { 12 } else { 24 }]);
    packet.extend_from_slice(&COOKIE);
    packet.extend_from_slice(&tx_id.0);
    packet.extend_from_slice(&XOR_MAPPED_ADDRESS.to_be_bytes());
    packet.extend_from_slice(&[0, if family == 1 { 8 } else { 20 }, 0, family]);
    packet.extend_from_slice(&xor(&source.port().to_be_bytes(), &mask));
    packet.extend_from_slice(&address);
    packet
}

/// Client: reads an answer. The caller checks that the id is outstanding.
///
/// # Errors
/// [`StunError`]; the packet is then to be ignored.
pub fn parse_response(packet: &[u8]) -> Result<(TxId, SocketAddr), StunError> {
    let (kind, tx_id, attributes) = header(packet)?;
    if kind != BINDING_SUCCESS {
        return Err(StunError::Kind);
    }
    let mut plain = None;
    for attribute in Attributes(attributes) {
        let (kind, value) = attribute?;
        match kind {
            XOR_MAPPED_ADDRESS | XOR_MAPPED_ADDRESS_OLD => {
                return address(value, &mask(tx_id)).map(|found| (tx_id, found)).ok_or(StunError::Malformed);
            }
            MAPPED_ADDRESS => plain = Some(address(value, &[0; 16]).ok_or(StunError::Malformed)?),
            _ => {}
        }
    }
    plain.map(|found| (tx_id, found)).ok_or(StunError::NoAddress)
}

fn header(packet: &[u8]) -> Result<([u8; 2], TxId, &[u8]), StunError> {
    if !is_stun(packet) || packet.len() > MAX_PACKET {
        return Err(StunError::NotStun);
    }
    let (fixed, rest) = packet.split_first_chunk::<HEADER>().ok_or(StunError::NotStun)?;
    let [k0, k1, l0, l1, _, _, _, _, id @ ..] = *fixed;
    let attributes = rest.get(..usize::from(u16::from_be_bytes([l0, l1]))).ok_or(StunError::Malformed)?;
    Ok(([k0, k1], TxId(id), attributes))
}

/// Iterates over type and value; ends after the first malformed one.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(u16, &'a [u8]), StunError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.0);
        if rest.is_empty() {
            return None;
        }
        let Some(([k0, k1, l0, l1], rest)) = rest.split_first_chunk() else {
            return Some(Err(StunError::Malformed));
        };
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let Some(value) = rest.get(..length) else { return Some(Err(StunError::Malformed)) };
        // Some servers leave out the padding of the last attribute.
        self.0 = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Ok((u16::from_be_bytes([*k0, *k1]), value)))
    }
}

fn address(value: &[u8], mask: &[u8; 16]) -> Option<SocketAddr> {
    let (&[_, family, p0, p1], ip) = value.split_first_chunk()?;
    let ip = match family {
        1 => IpAddr::from(<[u8; 4]>::try_from(xor(ip.get(..4)?, mask)).ok()?),
        2 => IpAddr::from(<[u8; 16]>::try_from(xor(ip.get(..16)?, mask)).ok()?),
        _ => return None,
    };
    let port = u16::from_be_bytes([p0 ^ mask[0], p1 ^ mask[1]]);
    Some(SocketAddr::new(ip.to_canonical(), port))
}

fn mask(tx_id: TxId) -> [u8; 16] {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&COOKIE);
    mask[4..].copy_from_slice(&tx_id.0);
    mask
}

fn xor(bytes: &[u8], mask: &[u8]) -> Vec<u8> {
    bytes.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect()
}

fn fingerprint(before: &[u8]) -> [u8; 4] {
    (crc32fast::hash(before) ^ FINGERPRINT_XOR).to_be_bytes()
}
