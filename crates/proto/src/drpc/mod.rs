//! DRPC frames and packets: calls over one byte stream (spec `agent-rpc.md` 3). Not here: who calls what, and when.
//!
//! ```text
//!  control : 1 byte      bit 0 done, bits 1-6 kind, bit 7 "ignore me when you do not know me"
//!  stream  : varint      the call, chosen by the client, from 1
//!  message : varint      the packet, counted by each side, from 1
//!  length  : varint
//!  data    : length bytes
//! ```
//! A packet is one frame or more with the same ids and kind; the last has the done bit. Ids only grow; a frame with
//! larger ids throws an unfinished packet away.

mod assembler;

use bytes::{BufMut, Bytes, BytesMut};

pub use assembler::{Assembler, DrpcError};

/// Most data in a frame that we send: real peers split here, so that frames of other calls fit in between.
pub const MAX_FRAME: usize = 64 * 1024;
/// Most data in a packet, sent or received: real peers end the connection beyond it.
pub const MAX_PACKET: usize = 4 << 20;
/// Longest varint: 10 groups of 7 bits hold 64 bits.
const MAX_VARINT: usize = 10;

/// What a packet means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Begins a call; the data is its name.
    Invoke = 1,
    /// A message, may be empty.
    Message = 2,
    /// The call failed; see [`decode_error`].
    Error = 3,
    /// The caller lost interest.
    Cancel = 4,
    /// The call is dead both ways.
    Close = 5,
    /// The sender sends no more messages.
    CloseSend = 6,
    /// Metadata of the next call with the same stream id.
    InvokeMetadata = 7,
}

impl Kind {
    /// From the six bits of a control byte.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            1 => Self::Invoke,
            2 => Self::Message,
            3 => Self::Error,
            4 => Self::Cancel,
            5 => Self::Close,
            6 => Self::CloseSend,
            7 => Self::InvokeMetadata,
            _ => return None,
        })
    }
}

/// A whole packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The call.
    pub stream: u64,
    /// The packet within its direction of the call.
    pub message: u64,
    /// What it means.
    pub kind: Kind,
    /// Its data, at most [`MAX_PACKET`].
    pub data: Bytes,
}

/// Appends one packet, split into frames of [`MAX_FRAME`].
///
/// # Errors
/// [`DrpcError::Overflow`] when the data is longer than [`MAX_PACKET`]; nothing was appended then.
pub fn encode(out: &mut BytesMut, stream: u64, message: u64, kind: Kind, data: &[u8]) -> Result<(), DrpcError> {
    if data.len() > MAX_PACKET {
        return Err(DrpcError::Overflow);
    }
    let mut rest = data;
    loop {
        let (part, tail) = rest.split_at(rest.len().min(MAX_FRAME));
        let done = u8::from(tail.is_empty());
        out.put_u8((kind as u8) << 1 | done);
        put_varint(out, stream);
        put_varint(out, message);
        put_varint(out, part.len() as u64);
        out.put_slice(part);
        rest = tail;
        if rest.is_empty() {
            return Ok(());
        }
    }
}

/// The data of an [`Kind::Error`] packet: the code, then the text.
#[must_use]
pub fn encode_error(code: u64, text: &str) -> Vec<u8> {
    let mut data = code.to_be_bytes().to_vec();
    data.extend_from_slice(text.as_bytes());
    data
}

/// Reads the data of an [`Kind::Error`] packet. Text that is not UTF-8 is mended, because it is only shown to people.
///
/// # Errors
/// [`DrpcError::ShortError`] when the code is not complete.
pub fn decode_error(data: &[u8]) -> Result<(u64, String), DrpcError> {
    let (code, text) = data.split_first_chunk::<8>().ok_or(DrpcError::ShortError)?;
    Ok((u64::from_be_bytes(*code), String::from_utf8_lossy(text).into_owned()))
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Reads a varint at `*at` and moves `*at` behind it; `None` when it is not complete yet.
fn varint(input: &[u8], at: &mut usize) -> Result<Option<u64>, DrpcError> {
    let mut value = 0_u64;
    for index in 0..MAX_VARINT {
        let Some(&byte) = input.get(*at + index) else { return Ok(None) };
        let group = u64::from(byte & 0x7f);
        if index == MAX_VARINT - 1 && byte > 1 {
            return Err(DrpcError::Varint);
        }
        value |= group << (7 * index);
        if byte & 0x80 == 0 {
            *at += index + 1;
            return Ok(Some(value));
        }
    }
    Err(DrpcError::Varint)
}

#[cfg(test)]
mod tests;
