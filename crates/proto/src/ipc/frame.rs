//! Frames: a big-endian `u32` length and that many bytes of JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest frame. A status of many daemons is sent in parts ([`super::Event::Daemons`]), so nothing needs more.
pub const MAX_FRAME: usize = 64 * 1024;
/// Bytes of the length.
const HEAD: usize = 4;

/// Why bytes are no frame, or a message does not fit one.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The length says more than [`MAX_FRAME`].
    #[error("a frame of {0} bytes, more than {MAX_FRAME}")]
    TooLong(usize),
    /// The content is not the JSON that was expected. The content itself is not repeated: it may hold a token.
    #[error("a frame that is no message of this protocol")]
    Content,
}

/// The bytes of one message.
///
/// # Errors
/// [`FrameError::TooLong`]; [`FrameError::Content`] when it has no JSON form.
pub fn encode(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; HEAD];
    serde_json::to_writer(&mut bytes, message).map_err(|_| FrameError::Content)?;
    let length = bytes.len() - HEAD;
    if length > MAX_FRAME {
        return Err(FrameError::TooLong(length));
    }
    let head = u32::try_from(length).map_err(|_| FrameError::TooLong(length))?;
    bytes[..HEAD].copy_from_slice(&head.to_be_bytes());
    Ok(bytes)
}

/// Bytes of a connection as they come, frame by frame. Holds at most one frame and what was pushed last.
#[derive(Default)]
pub struct Frames {
    bytes: Vec<u8>,
    read: usize,
}

impl Frames {
    /// Takes bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..std::mem::take(&mut self.read));
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether everything that was pushed has been taken: no frame has begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read == self.bytes.len()
    }

    /// The next whole message; `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`FrameError`]: the connection is of no more use.
    pub fn take<M: DeserializeOwned>(&mut self) -> Result<Option<M>, FrameError> {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<HEAD>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(length));
        }
        let Some(content) = rest.get(..length) else { return Ok(None) };
        let message = serde_json::from_slice(content).map_err(|_| FrameError::Content)?;
        self.read += HEAD + length;
        Ok(Some(message))
    }
}
