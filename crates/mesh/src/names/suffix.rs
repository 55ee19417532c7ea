//! A deployment's host name suffix, checked before the operating system is told to send us its queries.

use std::fmt;

/// Longest suffix: names of three labels before it must still fit 255 bytes.
const MAX_SUFFIX: usize = 60;
/// Suffixes that belong to other protocols or to the whole world; taking them would break the machine's names.
const RESERVED: &[&str] =
    &["local", "localhost", "arpa", "onion", "com", "net", "org", "io", "dev", "internal", "home.arpa"];

/// Why a suffix is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuffixError {
    /// Not letters, digits, hyphens and dots, or too long.
    #[error("`{0}` is no host name suffix")]
    Malformed(String),
    /// Used by multicast DNS, or a domain of the Internet.
    #[error("`.{0}` belongs to others; taking it would break names outside the deployment")]
    Reserved(String),
    /// The deployment itself lives below its suffix, so the suffix is a real domain.
    #[error("the deployment's own host {host} lies in its suffix `.{suffix}`, which is a real domain then")]
    RealDomain {
        /// The suffix.
        suffix: String,
        /// The deployment's host.
        host: String,
    },
}

/// A checked suffix: lower case, without dots at its ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Suffix(String);

impl Suffix {
    /// What a deployment that says nothing means.
    pub const DEFAULT: &str = "coder";

    /// Checks the suffix that the deployment at `host` announces; empty means the default.
    ///
    /// # Errors
    /// [`SuffixError`].
    pub fn new(announced: &str, host: &str) -> Result<Self, SuffixError> {
        let text = announced.trim_matches('.').to_ascii_lowercase();
        let text = if text.is_empty() { Self::DEFAULT.to_owned() } else { text };
        let is_label = |label: &str| {
            let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(inside)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() > MAX_SUFFIX || !text.split('.').all(is_label) {
            let shown: String = text.chars().take(MAX_SUFFIX).map(|c| if c.is_control() { '?' } else { c }).collect();
            return Err(SuffixError::Malformed(shown));
        }
        if RESERVED.contains(&text.as_str()) || text.ends_with(".local") || text.ends_with(".arpa") {
            return Err(SuffixError::Reserved(text));
        }
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host == text || host.strip_suffix(text.as_str()).is_some_and(|rest| rest.ends_with('.')) {
            return Err(SuffixError::RealDomain { suffix: text, host });
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands left of the suffix in a lower-case name: `Some("")` for the suffix itself, `None` outside.
    #[must_use]
    pub fn strip<'a>(&self, key: &'a str) -> Option<&'a str> {
        let rest = key.strip_suffix(self.0.as_str())?;
        if rest.is_empty() { Some(rest) } else { rest.strip_suffix('.') }
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
