//! Disco: the datagrams by which two peers find a direct path (spec `derp-disco-stun.md` 4).
//!
//! ```text
//!   magic (6) | sender disco key (32) | nonce (24) | NaCl box of: type (1) version (1) body
//! ```
//!
//! A ping asks "do you hear me here?", a pong says from where the ping was seen, a call-me-maybe (relay only) lists the
//! sender's endpoints. Pings and pongs are padded to [`PADDED_PAYLOAD`] so that only paths that carry full-size packets
//! are found; receivers ignore version and padding. Not here: who is trusted, which path is chosen, where nonces and
//! transaction ids come from.
//!
//! Caps: a packet is at most [`MAX_PACKET`] bytes, because no UDP datagram of ours is longer; a call-me-maybe gives at
//! most [`MAX_ENDPOINTS`] endpoints, because each one costs a ping.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crypto_box::aead::{AeadInPlace, generic_array::GenericArray};

use crate::key::{DiscoPrivate, DiscoPublic, NodePublic};

#[cfg(test)]
mod tests;

/// The first bytes of every disco packet: `TS` and a speech balloon.
pub const MAGIC: [u8; 6] = [0x54, 0x53, 0xF0, 0x9F, 0x92, 0xAC];
/// Magic, sender key and nonce.
pub const HEADER: usize = 6 + 32 + NONCE;
/// Length of a nonce.
pub const NONCE: usize = 24;
/// Length of a Poly1305 tag.
pub const TAG: usize = 16;
/// Length of a padded ping or pong before sealing; its UDP datagram has 1310 bytes, about a full WireGuard packet.
pub const PADDED_PAYLOAD: usize = 1232;
/// Longest packet that is looked at: the longest datagram an Ethernet carries.
pub const MAX_PACKET: usize = 1500;
/// Most endpoints read from one call-me-maybe. Ours has fewer; a hostile one must not make us ping the world.
pub const MAX_ENDPOINTS: usize = 64;
/// One endpoint of a call-me-maybe: address and port.
const ENDPOINT: usize = 18;

/// Ties a pong to its ping: unguessable, chosen by the pinging side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TxId(pub [u8; 12]);

/// A disco message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// "Do you hear me here?"
    Ping {
        /// To be repeated in the pong.
        tx_id: TxId,
        /// The sender's node key; absent in very old senders.
        node_key: Option<NodePublic>,
    },
    /// "I heard you from there."
    Pong {
        /// Of the ping.
        tx_id: TxId,
        /// The source address of the ping; [`relay_source`] when it came through a relay.
        source: SocketAddr,
    },
    /// "I am reachable there, perhaps."
    CallMeMaybe {
        /// The sender's endpoints.
        endpoints: Vec<SocketAddr>,
    },
}

/// Why a packet is not a disco message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DiscoError {
    /// Other magic, or shorter than the header and a tag.
    #[error("not a disco packet")]
    NotDisco,
    /// Longer than [`MAX_PACKET`].
    #[error("the disco packet is longer than any datagram of ours")]
    TooLong,
    /// The box does not open: another receiver, or changed on the way.
    #[error("the disco packet does not open")]
    Sealed,
    /// The body is shorter than its type asks for.
    #[error("the disco message is cut short")]
    Short,
    /// A type that this version does not know.
    #[error("unknown disco message type {0}")]
    UnknownType(u8),
}

/// Whether a datagram is meant as disco.
#[must_use]
pub fn is_disco(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER + TAG && datagram.starts_with(&MAGIC)
}

/// The sender's key, before anything is opened: the receiver looks it up and ignores strangers.
#[must_use]
pub fn sender(datagram: &[u8]) -> Option<DiscoPublic> {
    if !is_disco(datagram) {
        return None;
    }
    datagram.get(6..38)?.try_into().ok().map(DiscoPublic)
}

/// What a pong names as source of a ping that came through a relay: 127.3.3.40 and the region as port.
#[must_use]
pub fn relay_source(region: i32) -> SocketAddr {
    SocketAddr::from(([127, 3, 3, 40], u16::try_from(region).unwrap_or(0)))
}

/// The secret that two disco keys share; opens and seals both directions.
pub struct SharedKey(crypto_box::SalsaBox);

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedKey(…)")
    }
}

impl SharedKey {
    /// Derives it: one X25519 operation, so keep the result per peer.
    #[must_use]
    pub fn new(ours: &DiscoPrivate, theirs: &DiscoPublic) -> Self {
        Self(crypto_box::SalsaBox::new(
            &crypto_box::PublicKey::from_bytes(theirs.0),
            &crypto_box::SecretKey::from_bytes(ours.expose()),
        ))
    }

    /// Builds a whole packet. The nonce must be fresh and random.
    #[must_use]
    pub fn seal(&self, from: &DiscoPublic, message: &Message, nonce: [u8; NONCE]) -> Vec<u8> {
        let mut packet = Vec::with_capacity(HEADER + PADDED_PAYLOAD + TAG);
        packet.extend_from_slice(&MAGIC);
        packet.extend_from_slice(&from.0);
        packet.extend_from_slice(&nonce);
        message.encode(&mut packet);
        let body = packet.get_mut(HEADER..).unwrap_or_default();
        // Sealing fails only beyond the cipher's length limit of 256 GiB.
        if let Ok(tag) = self.0.encrypt_in_place_detached(&GenericArray::from(nonce), &[], body) {
            packet.splice(HEADER..HEADER, tag);
        }
        packet
    }

    /// Opens a packet from the peer of this key. The bytes are scratch space afterwards.
    ///
    /// # Errors
    /// [`DiscoError`]; the packet is then to be ignored.
    pub fn open(&self, packet: &mut [u8]) -> Result<Message, DiscoError> {
        if packet.len() > MAX_PACKET {
            return Err(DiscoError::TooLong);
        }
        if !is_disco(packet) {
            return Err(DiscoError::NotDisco);
        }
        let (header, sealed) = packet.split_at_mut(HEADER);
        let (tag, body) = sealed.split_at_mut(TAG);
        let nonce = GenericArray::from_slice(&header[HEADER - NONCE..]);
        self.0
            .decrypt_in_place_detached(nonce, &[], body, GenericArray::from_slice(tag))
            .map_err(|_| DiscoError::Sealed)?;
        Message::decode(body)
    }
}

impl Message {
    fn encode(&self, packet: &mut Vec<u8>) {
        match self {
            Self::Ping { tx_id, node_key } => {
                packet.extend_from_slice(&[1, 1]);
                packet.extend_from_slice(&tx_id.0);
                if let Some(key) = node_key {
                    packet.extend_from_slice(&key.0);
                }
                packet.resize(HEADER + PADDED_PAYLOAD, 0);
            }
            Self::Pong { tx_id, source } => {
                packet.extend_from_slice(&[2, 1]);
                packet.extend_from_slice(&tx_id.0);
                put_endpoint(packet, *source);
                packet.resize(HEADER + PADDED_PAYLOAD, 0);
            }
            Self::CallMeMaybe { endpoints } => {
                packet.extend_from_slice(&[3, 0]);
                endpoints.iter().take(MAX_ENDPOINTS).for_each(|endpoint| put_endpoint(packet, *endpoint));
            }
        }
    }

    /// Reads an opened payload: type, version, body.
    ///
    /// # Errors
    /// [`DiscoError::Short`] and [`DiscoError::UnknownType`].
    pub fn decode(payload: &[u8]) -> Result<Self, DiscoError> {
        let [kind, version, body @ ..] = payload else { return Err(DiscoError::Short) };
        match kind {
            1 => {
                let (tx_id, rest) = body.split_first_chunk().ok_or(DiscoError::Short)?;
                // A zero key is padding of a sender that gives none.
                let key = rest.first_chunk().filter(|key| **key != [0; 32]);
                Ok(Self::Ping { tx_id: TxId(*tx_id), node_key: key.copied().map(NodePublic) })
            }
            2 => {
                let (tx_id, rest) = body.split_first_chunk().ok_or(DiscoError::Short)?;
                let source = rest.first_chunk().ok_or(DiscoError::Short)?;
                Ok(Self::Pong { tx_id: TxId(*tx_id), source: endpoint(source) })
            }
            3 if *version != 0 || body.len() % ENDPOINT != 0 => Ok(Self::CallMeMaybe { endpoints: Vec::new() }),
            3 => {
                let (chunks, _) = body.as_chunks();
                Ok(Self::CallMeMaybe { endpoints: chunks.iter().take(MAX_ENDPOINTS).map(endpoint).collect() })
            }
            unknown => Err(DiscoError::UnknownType(*unknown)),
        }
    }
}

fn put_endpoint(packet: &mut Vec<u8>, endpoint: SocketAddr) {
    let ip = match endpoint.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    packet.extend_from_slice(&ip.octets());
    packet.extend_from_slice(&endpoint.port().to_be_bytes());
}

fn endpoint(bytes: &[u8; ENDPOINT]) -> SocketAddr {
    let [ip @ .., high, low] = bytes;
    SocketAddr::new(Ipv6Addr::from(*ip).to_canonical(), u16::from_be_bytes([*high, *low]))
}
