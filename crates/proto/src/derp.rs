//! DERP v2, the relay's wire (spec `derp-disco-stun.md` 3): frames and their streaming decoder. The sealed greetings are
//! in [`login`]; sockets, HTTP upgrade and forwarding rules are the callers' business.
//!
//! ```text
//!  client                               relay
//!    │ ◄──────────── ServerKey ────────── │   at once after the upgrade
//!    │ ───────────── ClientInfo ────────► │   sealed to the relay's key
//!    │ ◄──────────── ServerInfo ───────── │   sealed to the client's key
//!    │ ── SendPacket(to) ─► ─ RecvPacket(from) ─►  another client
//! ```
//!
//! A frame is one type byte, a big-endian `u32` length and the payload. Both ends skip types they do not know and ignore
//! bytes after the ones they know. Every cap is checked on the header, before anything is stored.

pub mod login;
#[cfg(test)]
mod tests;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::key::NodePublic;

/// Protocol version in both greetings and in the `Derp-Version` header.
pub const VERSION: u32 = 2;
/// First bytes of a [`Frame::ServerKey`]: "DERP" and a key emoji.
pub const MAGIC: [u8; 8] = *b"DERP\xf0\x9f\x94\x91";
/// Type byte and length.
pub const HEADER_LENGTH: usize = 5;
/// Header and peer key, what stands before the data of a packet frame.
pub const PACKET_HEADER_LENGTH: usize = HEADER_LENGTH + KEY_LENGTH;
/// No frame may be longer: peers of the field refuse more.
pub const MAX_FRAME: usize = 1 << 20;
/// Longest relayed packet: peers of the field refuse more.
pub const MAX_PACKET: usize = 64 << 10;
/// Longest greeting of either side: it is read before anyone is authenticated, peers of the field allow a client this much.
pub const MAX_INFO: usize = 256 << 10;
/// Longest frame of every other known type: they carry a key, a number or a sentence.
pub const MAX_CONTROL: usize = 4 << 10;

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// One frame. The direction that a type travels is noted; each side ignores what it should not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Relay to client: who the relay is.
    ServerKey(NodePublic),
    /// Client to relay: the greeting, see [`login::ClientInfo`].
    ClientInfo {
        /// The client's node key.
        key: NodePublic,
        /// Nonce of the box.
        nonce: [u8; 24],
        /// The box.
        sealed: Bytes,
    },
    /// Relay to client: the greeting, see [`login::ServerInfo`].
    ServerInfo {
        /// Nonce of the box.
        nonce: [u8; 24],
        /// The box.
        sealed: Bytes,
    },
    /// Client to relay: a packet for another client.
    SendPacket {
        /// The receiver.
        to: NodePublic,
        /// The packet, at most [`MAX_PACKET`].
        data: Bytes,
    },
    /// Relay to client: a packet of another client.
    RecvPacket {
        /// The sender.
        from: NodePublic,
        /// The packet, at most [`MAX_PACKET`].
        data: Bytes,
    },
    /// Relay to client: nothing happened for a minute.
    KeepAlive,
    /// Client to relay: whether this relay is the client's home.
    NotePreferred(bool),
    /// Relay to client: a client that sent to us is no longer here.
    PeerGone(NodePublic, GoneReason),
    /// Relay to a meshed relay: a client is here.
    PeerPresent(NodePublic),
    /// Between meshed relays: a packet on behalf of a client.
    ForwardPacket {
        /// The sender.
        from: NodePublic,
        /// The receiver.
        to: NodePublic,
        /// The packet, at most [`MAX_PACKET`].
        data: Bytes,
    },
    /// Meshed relay to relay: tell me who is here.
    WatchConns,
    /// Meshed relay to relay: drop this client.
    ClosePeer(NodePublic),
    /// Either way: answer with the same bytes.
    Ping([u8; 8]),
    /// Either way: the answer.
    Pong([u8; 8]),
    /// Relay to client: a problem in words, empty when there is none any more.
    Health(String),
    /// Relay to client: it is about to restart.
    Restarting {
        /// Wait this long before the first attempt.
        reconnect_in_ms: u32,
        /// Then try for this long.
        try_for_ms: u32,
    },
}

/// Why a peer is not on a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoneReason {
    /// It was here and its connection ended.
    Disconnected,
    /// It has never been here; answers a disco packet.
    NotHere,
    /// A reason that this version does not know.
    Other(u8),
}

impl From<u8> for GoneReason {
    fn from(byte: u8) -> Self {
        match byte {
            0 => Self::Disconnected,
            1 => Self::NotHere,
            other => Self::Other(other),
        }
    }
}

impl From<GoneReason> for u8 {
    fn from(reason: GoneReason) -> Self {
        match reason {
            GoneReason::Disconnected => 0,
            GoneReason::NotHere => 1,
            GoneReason::Other(other) => other,
        }
    }
}

/// Why a relay connection's bytes make no sense. None of them can be recovered from: the stream is out of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DerpError {
    /// A length beyond the type's cap.
    #[error("a relay frame of type {kind:#04x} says it is {length} bytes long, at most {cap} are allowed")]
    TooLong {
        /// Type byte.
        kind: u8,
        /// What the header says.
        length: usize,
        /// What is allowed.
        cap: usize,
    },
    /// Too short for what the type must carry.
    #[error("a relay frame of type {kind:#04x} is {length} bytes long, at least {least} are needed")]
    TooShort {
        /// Type byte.
        kind: u8,
        /// What the header says.
        length: usize,
        /// What the type needs.
        least: usize,
    },
    /// The first frame does not carry the magic.
    #[error("the other end does not speak the relay's protocol")]
    Magic,
}

mod kind {
    pub const SERVER_KEY: u8 = 0x01;
    pub const CLIENT_INFO: u8 = 0x02;
    pub const SERVER_INFO: u8 = 0x03;
    pub const SEND_PACKET: u8 = 0x04;
    pub const RECV_PACKET: u8 = 0x05;
    pub const KEEP_ALIVE: u8 = 0x06;
    pub const NOTE_PREFERRED: u8 = 0x07;
    pub const PEER_GONE: u8 = 0x08;
    pub const PEER_PRESENT: u8 = 0x09;
    pub const FORWARD_PACKET: u8 = 0x0a;
    pub const WATCH_CONNS: u8 = 0x10;
    pub const CLOSE_PEER: u8 = 0x11;
    pub const PING: u8 = 0x12;
    pub const PONG: u8 = 0x13;
    pub const HEALTH: u8 = 0x14;
    pub const RESTARTING: u8 = 0x15;
}

/// Least and greatest payload of a known type.
fn bounds(kind: u8) -> Option<(usize, usize)> {
    Some(match kind {
        kind::SERVER_KEY => (MAGIC.len() + KEY_LENGTH, MAX_CONTROL),
        kind::CLIENT_INFO => (KEY_LENGTH + NONCE_LENGTH, MAX_INFO),
        kind::SERVER_INFO => (NONCE_LENGTH, MAX_INFO),
        kind::SEND_PACKET | kind::RECV_PACKET => (KEY_LENGTH, KEY_LENGTH + MAX_PACKET),
        kind::FORWARD_PACKET => (2 * KEY_LENGTH, 2 * KEY_LENGTH + MAX_PACKET),
        kind::PEER_GONE | kind::PEER_PRESENT | kind::CLOSE_PEER => (KEY_LENGTH, MAX_CONTROL),
        kind::NOTE_PREFERRED => (1, MAX_CONTROL),
        kind::PING | kind::PONG | kind::RESTARTING => (8, MAX_CONTROL),
        kind::KEEP_ALIVE | kind::WATCH_CONNS | kind::HEALTH => (0, MAX_CONTROL),
        _ => return None,
    })
}

/// Header and key of a `SendPacket` whose data the caller writes behind it, so that a packet is never copied to be sent.
/// `None` when the packet is longer than [`MAX_PACKET`].
#[must_use]
pub fn send_packet_header(to: &NodePublic, data_length: usize) -> Option<[u8; PACKET_HEADER_LENGTH]> {
    packet_header(kind::SEND_PACKET, to, data_length)
}

/// The same for a `RecvPacket`.
#[must_use]
pub fn recv_packet_header(from: &NodePublic, data_length: usize) -> Option<[u8; PACKET_HEADER_LENGTH]> {
    packet_header(kind::RECV_PACKET, from, data_length)
}

fn packet_header(kind: u8, key: &NodePublic, data_length: usize) -> Option<[u8; PACKET_HEADER_LENGTH]> {
    if data_length > MAX_PACKET {
        return None;
    }
    let length = u32::try_from(KEY_LENGTH + data_length).ok()?;
    let mut header = [0; PACKET_HEADER_LENGTH];
    header[0] = kind;
    header[1..HEADER_LENGTH].copy_from_slice(&length.to_be_bytes());
    header[HEADER_LENGTH..].copy_from_slice(&key.0);
    Some(header)
}

impl Frame {
    /// Appends the frame to `out`.
    ///
    /// # Errors
    /// [`DerpError::TooLong`] when the frame breaks its type's cap; `out` is unchanged then.
    pub fn encode(&self, out: &mut BytesMut) -> Result<(), DerpError> {
        let (kind, parts): (u8, [&[u8]; 3]) = match self {
            Self::ServerKey(key) => (kind::SERVER_KEY, [&MAGIC, &key.0, &[]]),
            Self::ClientInfo { key, nonce, sealed } => (kind::CLIENT_INFO, [&key.0, nonce, sealed]),
            Self::ServerInfo { nonce, sealed } => (kind::SERVER_INFO, [nonce, sealed, &[]]),
            Self::SendPacket { to, data } => (kind::SEND_PACKET, [&to.0, data, &[]]),
            Self::RecvPacket { from, data } => (kind::RECV_PACKET, [&from.0, data, &[]]),
            Self::KeepAlive => (kind::KEEP_ALIVE, [&[]; 3]),
            Self::NotePreferred(home) => (kind::NOTE_PREFERRED, [if *home { &[1] } else { &[0] }, &[], &[]]),
            Self::PeerGone(key, reason) => {
                return write(kind::PEER_GONE, [&key.0, &[u8::from(*reason)], &[]], out);
            }
            Self::PeerPresent(key) => (kind::PEER_PRESENT, [&key.0, &[], &[]]),
            Self::ForwardPacket { from, to, data } => (kind::FORWARD_PACKET, [&from.0, &to.0, data]),
            Self::WatchConns => (kind::WATCH_CONNS, [&[]; 3]),
            Self::ClosePeer(key) => (kind::CLOSE_PEER, [&key.0, &[], &[]]),
            Self::Ping(echo) => (kind::PING, [echo, &[], &[]]),
            Self::Pong(echo) => (kind::PONG, [echo, &[], &[]]),
            Self::Health(text) => (kind::HEALTH, [text.as_bytes(), &[], &[]]),
            Self::Restarting { reconnect_in_ms, try_for_ms } => {
                let (wait, patience) = (reconnect_in_ms.to_be_bytes(), try_for_ms.to_be_bytes());
                return write(kind::RESTARTING, [&wait, &patience, &[]], out);
            }
        };
        write(kind, parts, out)
    }

    /// Reads a payload whose length has been checked against [`bounds`].
    fn decode(kind: u8, mut payload: Bytes) -> Result<Self, DerpError> {
        Ok(match kind {
            kind::SERVER_KEY => {
                if take::<8>(&mut payload) != MAGIC {
                    return Err(DerpError::Magic);
                }
                Self::ServerKey(take_key(&mut payload))
            }
            kind::CLIENT_INFO => {
                let (key, nonce) = (take_key(&mut payload), take(&mut payload));
                Self::ClientInfo { key, nonce, sealed: payload }
            }
            kind::SERVER_INFO => Self::ServerInfo { nonce: take(&mut payload), sealed: payload },
            kind::SEND_PACKET => Self::SendPacket { to: take_key(&mut payload), data: payload },
            kind::RECV_PACKET => Self::RecvPacket { from: take_key(&mut payload), data: payload },
            kind::NOTE_PREFERRED => Self::NotePreferred(payload.first().is_some_and(|byte| *byte != 0)),
            kind::PEER_GONE => {
                let key = take_key(&mut payload);
                Self::PeerGone(key, payload.first().copied().unwrap_or_default().into())
            }
            kind::PEER_PRESENT => Self::PeerPresent(take_key(&mut payload)),
            kind::FORWARD_PACKET => {
                let (from, to) = (take_key(&mut payload), take_key(&mut payload));
                Self::ForwardPacket { from, to, data: payload }
            }
            kind::WATCH_CONNS => Self::WatchConns,
            kind::CLOSE_PEER => Self::ClosePeer(take_key(&mut payload)),
            kind::PING => Self::Ping(take(&mut payload)),
            kind::PONG => Self::Pong(take(&mut payload)),
            kind::HEALTH => Self::Health(String::from_utf8_lossy(&payload).into_owned()),
            kind::RESTARTING => Self::Restarting {
                reconnect_in_ms: u32::from_be_bytes(take(&mut payload)),
                try_for_ms: u32::from_be_bytes(take(&mut payload)),
            },
            // `Decoder` asks only for types that `bounds` knows; the one left carries nothing.
            _ => Self::KeepAlive,
        })
    }
}

fn write(kind: u8, parts: [&[u8]; 3], out: &mut BytesMut) -> Result<(), DerpError> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let cap = bounds(kind).map_or(MAX_FRAME, |(_, cap)| cap);
    let Some(on_wire) = u32::try_from(length).ok().filter(|_| length <= cap) else {
        return Err(DerpError::TooLong { kind, length, cap });
    };
    out.reserve(HEADER_LENGTH + length);
    out.put_u8(kind);
    out.put_u32(on_wire);
    for part in parts {
        out.put_slice(part);
    }
    Ok(())
}

/// Takes bytes that are known to be there; a shorter payload would read as zeros.
fn take<const N: usize>(payload: &mut Bytes) -> [u8; N] {
    let mut out = [0; N];
    let there = payload.len().min(N);
    payload.copy_to_slice(&mut out[..there]);
    out
}

fn take_key(payload: &mut Bytes) -> NodePublic {
    NodePublic(take(payload))
}

/// Cuts a byte stream into frames. Holds at most one unfinished frame beside what the caller has just put in.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// Bytes of a frame of unknown type that are still to be thrown away.
    skip: usize,
}

impl Decoder {
    /// An empty decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where to append what was read (for `AsyncReadExt::read_buf`).
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole frame, `None` when more bytes are needed. After an error the stream is lost.
    ///
    /// # Errors
    /// [`DerpError`] for a length outside the type's bounds, as soon as its header is there, and for a wrong magic.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, DerpError> {
        loop {
            let thrown = self.skip.min(self.buffer.len());
            self.buffer.advance(thrown);
            self.skip -= thrown;
            let [kind, length @ ..] = *self.buffer.first_chunk::<HEADER_LENGTH>().unwrap_or(&[0; HEADER_LENGTH]);
            if self.skip > 0 || self.buffer.len() < HEADER_LENGTH {
                return Ok(None);
            }
            let length = u32::from_be_bytes(length) as usize;
            let (least, cap) = bounds(kind).unwrap_or((0, MAX_FRAME));
            if length > cap {
                return Err(DerpError::TooLong { kind, length, cap });
            }
            if length < least {
                return Err(DerpError::TooShort { kind, length, least });
            }
            if bounds(kind).is_none() {
                self.skip = HEADER_LENGTH + length;
                continue;
            }
            if self.buffer.len() < HEADER_LENGTH + length {
                self.buffer.reserve(HEADER_LENGTH + length - self.buffer.len());
                return Ok(None);
            }
            self.buffer.advance(HEADER_LENGTH);
            let payload = self.buffer.split_to(length).freeze();
            return Frame::decode(kind, payload).map(Some);
        }
    }
}
