//! A domain name: its bytes as the asker wrote them, and its text in lower case for comparing.

use std::fmt;

/// Longest name, its final zero included (RFC 1035 2.3.4).
const MAX_NAME: usize = 255;
/// Longest label (RFC 1035 2.3.4).
const MAX_LABEL: usize = 63;

/// Why bytes or a text are no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The message ends inside the name.
    #[error("a name is cut off")]
    Truncated,
    /// A compressed or reserved label, which a question cannot need.
    #[error("a name in a question must not be compressed")]
    Compressed,
    /// Longer than 255 bytes, or a label longer than 63 or empty.
    #[error("a name or one of its labels is too long or empty")]
    Length,
}

/// A name. Two names are equal when they differ in the case of ASCII letters only (RFC 4343).
#[derive(Debug, Clone)]
pub struct Name {
    /// Labels with their lengths and the final zero, in the asker's case.
    wire: Vec<u8>,
}

impl Name {
    /// Reads a name at the start of `bytes`; returns it and its length.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn decode(bytes: &[u8]) -> Result<(Self, usize), NameError> {
        let mut at = 0;
        loop {
            let length = usize::from(*bytes.get(at).ok_or(NameError::Truncated)?);
            if length > MAX_LABEL {
                return Err(NameError::Compressed);
            }
            at += 1 + length;
            if at > MAX_NAME {
                return Err(NameError::Length);
            }
            if length == 0 {
                let wire = bytes.get(..at).ok_or(NameError::Truncated)?.to_vec();
                return Ok((Self { wire }, at));
            }
        }
    }

    /// Reads the text form, with or without the final dot.
    ///
    /// # Errors
    /// [`NameError::Length`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in text.split('.').filter(|_| !text.is_empty()) {
            let length = u8::try_from(label.len()).map_err(|_| NameError::Length)?;
            if length == 0 || usize::from(length) > MAX_LABEL {
                return Err(NameError::Length);
            }
            wire.push(length);
            wire.extend_from_slice(label.as_bytes());
        }
        wire.push(0);
        if wire.len() > MAX_NAME { Err(NameError::Length) } else { Ok(Self { wire }) }
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// The labels, from the left.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.wire.as_slice();
        std::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(usize::from(length)).filter(|(label, _)| !label.is_empty())?;
            rest = after;
            Some(label)
        })
    }

    /// Lower-case text without a final dot, for look-ups. Bytes that no host name of ours has (dots inside labels,
    /// controls, non-ASCII) become `?`, so that no foreign label can look like one of our names.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = String::with_capacity(self.wire.len());
        for label in self.labels() {
            if !key.is_empty() {
                key.push('.');
            }
            key.extend(label.iter().map(|&byte| match byte {
                b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte.to_ascii_lowercase()),
                _ => '?',
            }));
        }
        key
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        // Lengths are below 64 and therefore no letters: folding the whole wire form is exact.
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

impl Eq for Name {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.key())
    }
}
