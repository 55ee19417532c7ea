//! Puts frames together to packets and refuses what breaks the rules. Not here: reading bytes from anywhere.

use bytes::{Buf, Bytes, BytesMut};

use super::{Kind, MAX_PACKET, Packet, varint};

/// How the other end broke the rules. The byte stream is useless afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DrpcError {
    /// A varint longer than 64 bits.
    #[error("a number in a frame is longer than 64 bits")]
    Varint,
    /// A packet longer than [`MAX_PACKET`].
    #[error("a packet is longer than {MAX_PACKET} bytes")]
    Overflow,
    /// A kind that nobody knows, and not marked as one to ignore.
    #[error("frame of unknown kind {0}")]
    UnknownKind(u8),
    /// Ids that are zero or went back.
    #[error("frame ids went back: stream {stream}, message {message}")]
    Order {
        /// The frame's stream id.
        stream: u64,
        /// The frame's message id.
        message: u64,
    },
    /// Frames of one packet with different kinds.
    #[error("the kind changed within a packet")]
    KindChanged,
    /// An error packet without a whole code.
    #[error("an error packet is too short for its code")]
    ShortError,
}

/// Turns the bytes of one direction of one transport into packets.
#[derive(Debug, Default)]
pub struct Assembler {
    /// The smallest ids that the next frame may have.
    floor: (u64, u64),
    /// The packet whose last frame has not come.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    bits: u8,
    /// A packet with this bit on any of its frames is thrown away as a whole.
    ignored: bool,
    data: BytesMut,
}

/// A frame's head: everything before its data.
struct Head {
    done: bool,
    bits: u8,
    ignored: bool,
    stream: u64,
    message: u64,
    head_len: usize,
    data_len: usize,
}

impl Assembler {
    /// Nothing received yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes whole frames from `input` until a packet is complete; `None` asks for more bytes.
    ///
    /// `input` never needs to hold more than one frame, and a frame whose data would not fit is refused by its head, so
    /// the caller's buffer stays below [`MAX_PACKET`] and a little.
    ///
    /// # Errors
    /// See [`DrpcError`].
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Packet>, DrpcError> {
        while let Some(head) = head(input)? {
            self.check(&head)?;
            if input.len() < head.head_len + head.data_len {
                return Ok(None);
            }
            input.advance(head.head_len);
            let data = input.split_to(head.data_len);
            if let Some(packet) = self.accept(&head, data)? {
                return Ok(Some(packet));
            }
        }
        Ok(None)
    }

    /// Whether the input ended between packets.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.open.is_none()
    }

    /// All rules that the head alone can break.
    fn check(&self, head: &Head) -> Result<(), DrpcError> {
        let ids = (head.stream, head.message);
        if head.stream == 0 || head.message == 0 || ids < self.floor {
            return Err(DrpcError::Order { stream: head.stream, message: head.message });
        }
        let mut length = head.data_len;
        if let Some(open) = self.open.as_ref().filter(|_| ids == self.floor) {
            if open.bits != head.bits {
                return Err(DrpcError::KindChanged);
            }
            length = length.saturating_add(open.data.len());
        }
        if length > MAX_PACKET {
            return Err(DrpcError::Overflow);
        }
        if Kind::from_bits(head.bits).is_none() && !head.ignored {
            return Err(DrpcError::UnknownKind(head.bits));
        }
        Ok(())
    }

    fn accept(&mut self, head: &Head, data: BytesMut) -> Result<Option<Packet>, DrpcError> {
        let ids = (head.stream, head.message);
        let mut open = match self.open.take() {
            Some(mut open) if ids == self.floor => {
                open.data.extend_from_slice(&data);
                open.ignored |= head.ignored;
                open
            }
            _ => Open { bits: head.bits, ignored: head.ignored, data },
        };
        self.floor = ids;
        if !head.done {
            if open.ignored {
                open.data.clear();
            }
            self.open = Some(open);
            return Ok(None);
        }
        // A message id at the end of its range leaves no room for another packet of this stream.
        self.floor = match ids.1.checked_add(1) {
            Some(next) => (ids.0, next),
            None => (ids.0.saturating_add(1), 1),
        };
        let Some(kind) = Kind::from_bits(open.bits).filter(|_| !open.ignored) else { return Ok(None) };
        Ok(Some(Packet { stream: ids.0, message: ids.1, kind, data: Bytes::from(open.data) }))
    }
}

/// Reads a frame's head without taking it; `None` when it is not complete yet.
fn head(input: &[u8]) -> Result<Option<Head>, DrpcError> {
    let Some(&control) = input.first() else { return Ok(None) };
    let mut at = 1;
    let Some(stream) = varint(input, &mut at)? else { return Ok(None) };
    let Some(message) = varint(input, &mut at)? else { return Ok(None) };
    let Some(length) = varint(input, &mut at)? else { return Ok(None) };
    let data_len = usize::try_from(length).map_err(|_| DrpcError::Overflow)?;
    Ok(Some(Head {
        done: control & 1 != 0,
        bits: control >> 1 & 0x3f,
        ignored: control & 0x80 != 0,
        stream,
        message,
        head_len: at,
        data_len,
    }))
}
