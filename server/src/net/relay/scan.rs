//! Finds the frames of a client in what was read, without copying them (spec `derp-disco-stun.md` 3).
//!
//! A relayed frame keeps its length: `SendPacket` becomes `RecvPacket` by changing the type byte and the key, in place.
//! The greeting is read by the ordinary decoder of `proto`; this is for the stream after it, where speed counts.

use proto::derp::{DerpError, HEADER_LENGTH, MAX_CONTROL, MAX_FRAME, MAX_PACKET, PACKET_HEADER_LENGTH};
use proto::disco;
use proto::key::NodePublic;

const SEND_PACKET: u8 = 0x04;
const RECV_PACKET: u8 = 0x05;
const NOTE_PREFERRED: u8 = 0x07;
const FORWARD_PACKET: u8 = 0x0a;
const WATCH_CONNS: u8 = 0x10;
const CLOSE_PEER: u8 = 0x11;
const PING: u8 = 0x12;
const PONG: u8 = 0x13;

const KEY: usize = PACKET_HEADER_LENGTH - HEADER_LENGTH;

/// What stands at the beginning of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Less than a frame; this many bytes are needed in all (the header first).
    Need(usize),
    /// A packet for a client. `length` is of the whole frame.
    Packet { to: NodePublic, length: usize, is_disco: bool },
    /// Answer with the same bytes.
    Ping { echo: [u8; 8], length: usize },
    /// This relay is the client's home, or no longer.
    Preferred { is_home: bool, length: usize },
    /// Something to ignore, which may be longer than what is there.
    Skip { length: usize },
}

/// Why a client is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScanError {
    /// A frame that breaks its bounds.
    #[error(transparent)]
    Frame(#[from] DerpError),
    /// A frame of relays among themselves.
    #[error("a client sent a frame of type {0:#04x}, which only other relays may send")]
    Mesh(u8),
}

pub(super) fn scan(bytes: &[u8]) -> Result<Scanned, ScanError> {
    let Some(&[kind, l0, l1, l2, l3]) = bytes.first_chunk::<HEADER_LENGTH>() else {
        return Ok(Scanned::Need(HEADER_LENGTH));
    };
    let payload = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    let (least, cap) = match kind {
        SEND_PACKET => (KEY, KEY + MAX_PACKET),
        PING | PONG => (8, MAX_CONTROL),
        NOTE_PREFERRED => (1, MAX_CONTROL),
        FORWARD_PACKET | WATCH_CONNS | CLOSE_PEER => return Err(ScanError::Mesh(kind)),
        _ => (0, MAX_FRAME),
    };
    if payload > cap {
        return Err(DerpError::TooLong { kind, length: payload, cap }.into());
    }
    if payload < least {
        return Err(DerpError::TooShort { kind, length: payload, least }.into());
    }
    let length = HEADER_LENGTH + payload;
    if !matches!(kind, SEND_PACKET | PING | NOTE_PREFERRED) {
        return Ok(Scanned::Skip { length });
    }
    let Some(frame) = bytes.get(..length) else { return Ok(Scanned::Need(length)) };
    let body = &frame[HEADER_LENGTH..];
    Ok(match kind {
        PING => Scanned::Ping { echo: body.first_chunk().copied().unwrap_or_default(), length },
        NOTE_PREFERRED => Scanned::Preferred { is_home: body.first().is_some_and(|byte| *byte != 0), length },
        _ => {
            let (to, packet) = body.split_first_chunk::<KEY>().map_or(([0; KEY], body), |(key, packet)| (*key, packet));
            let is_disco = packet.len() >= disco::HEADER && packet.starts_with(&disco::MAGIC);
            Scanned::Packet { to: NodePublic(to), length, is_disco }
        }
    })
}

/// Turns a scanned `SendPacket` into the `RecvPacket` that its receiver gets.
pub(super) fn readdress(frame: &mut [u8], from: NodePublic) {
    if let Some((header, _)) = frame.split_first_chunk_mut::<PACKET_HEADER_LENGTH>() {
        header[0] = RECV_PACKET;
        header[HEADER_LENGTH..].copy_from_slice(&from.0);
    }
}
