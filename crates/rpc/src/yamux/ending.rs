//! Why a session ended. Not here: when it does.

use proto::yamux::HeadError;

/// Why a session ended. Streams that were not finished end with it, as an error and never as a clean end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The connection ended, or we closed it.
    #[error("the connection ended")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Io(std::io::ErrorKind),
    /// No answer to a ping.
    #[error("the other end does not answer")]
    Silent,
    /// Bytes that are no frame.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// More data than the window allows.
    #[error("the other end sent more than the window of stream {0}")]
    Window(u32),
    /// More credit than a number holds.
    #[error("the other end gave too much credit to stream {0}")]
    Credit(u32),
    /// A stream that exists, or whose number belongs to us.
    #[error("the other end opened stream {0}, which it may not")]
    StreamId(u32),
    /// It provokes answers and does not read them.
    #[error("the other end does not read our answers")]
    Flood,
    /// It went away with this reason.
    #[error("the other end went away, reason {0}")]
    WentAway(u32),
}

impl SessionError {
    /// Whether the other end broke the protocol.
    #[must_use]
    pub const fn is_protocol(self) -> bool {
        !matches!(self, Self::Closed | Self::Io(_) | Self::Silent | Self::WentAway(_))
    }
}
