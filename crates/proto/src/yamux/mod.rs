//! yamux frame heads: many streams over one connection (spec `agent-rpc.md` 2.1). Not here: what a stream may do when;
//! that is `rpc::yamux`.
//!
//! ```text
//!  version : u8 = 0 │ type : u8 │ flags : u16 │ stream : u32 │ length : u32        (big-endian, 12 bytes)
//! ```
//! Only a data frame is followed by `length` bytes; in the others the length is a number of their own meaning.

/// Bytes of a head.
pub const HEAD: usize = 12;
/// Credit that both ends of a new stream have without saying it.
pub const INITIAL_WINDOW: u32 = 256 * 1024;

/// Flags of a frame.
pub mod flag {
    /// Opens a stream; asks for a pong.
    pub const SYN: u16 = 1;
    /// Accepts a stream; is a pong.
    pub const ACK: u16 = 2;
    /// The sender sends no more data.
    pub const FIN: u16 = 4;
    /// The stream is dead both ways.
    pub const RST: u16 = 8;
}

/// Type of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `length` bytes follow.
    Data = 0,
    /// `length` more bytes may be sent.
    WindowUpdate = 1,
    /// `length` is a number to send back.
    Ping = 2,
    /// `length` is a [`GoAway`] reason.
    GoAway = 3,
}

/// Why an end goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GoAway {
    /// It takes no new streams.
    Normal = 0,
    /// The other end broke the protocol.
    Protocol = 1,
    /// It failed itself.
    Internal = 2,
}

/// A frame's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The type.
    pub kind: Kind,
    /// See [`flag`]. Unknown flags are kept and mean nothing.
    pub flags: u16,
    /// Odd for streams of the client, even for those of the server, 0 for the session.
    pub stream: u32,
    /// By type.
    pub length: u32,
}

/// A head that this protocol does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Another version than 0.
    #[error("yamux version {0} is not known")]
    Version(u8),
    /// A type above 3.
    #[error("yamux frame type {0} is not known")]
    Kind(u8),
}

impl Head {
    /// A head.
    #[must_use]
    pub const fn new(kind: Kind, flags: u16, stream: u32, length: u32) -> Self {
        Self { kind, flags, stream, length }
    }

    /// Whether it has one of these flags.
    #[must_use]
    pub const fn has(&self, flags: u16) -> bool {
        self.flags & flags != 0
    }

    /// To bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEAD] {
        let [f0, f1] = self.flags.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.to_be_bytes();
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        [0, self.kind as u8, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3]
    }

    /// From bytes.
    ///
    /// # Errors
    /// See [`HeadError`].
    pub const fn decode(bytes: &[u8; HEAD]) -> Result<Self, HeadError> {
        let [version, kind, f0, f1, s0, s1, s2, s3, l0, l1, l2, l3] = *bytes;
        if version != 0 {
            return Err(HeadError::Version(version));
        }
        let kind = match kind {
            0 => Kind::Data,
            1 => Kind::WindowUpdate,
            2 => Kind::Ping,
            3 => Kind::GoAway,
            other => return Err(HeadError::Kind(other)),
        };
        Ok(Self {
            kind,
            flags: u16::from_be_bytes([f0, f1]),
            stream: u32::from_be_bytes([s0, s1, s2, s3]),
            length: u32::from_be_bytes([l0, l1, l2, l3]),
        })
    }
}

#[cfg(test)]
mod tests;
