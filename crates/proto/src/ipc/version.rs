//! The first line each side sends: `homeport-tunnel <major>.<minor>\n`.
//!
//! Both sides send theirs at once and read the other's. Another major version cannot be spoken with: the program that
//! sees it says which side to update. A higher minor version only adds messages and fields, and both sides ignore what
//! they do not know.

/// Our line.
pub const LINE: &str = "homeport-tunnel 1.0\n";
/// No line is longer; whoever sends more without a newline is something else.
pub const MAX_LINE: usize = 64;
/// The word both lines begin with.
const WORD: &str = "homeport-tunnel ";
/// Our major version.
const MAJOR: u16 = 1;

/// Why the other side's line is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not this protocol at all.
    #[error("the other side does not speak the tunnel's protocol")]
    Foreign,
    /// The other side is older.
    #[error("the other side speaks version {0}, which is older than ours ({MAJOR}); update it")]
    Older(u16),
    /// The other side is newer.
    #[error("the other side speaks version {0}, which is newer than ours ({MAJOR}); update this program")]
    Newer(u16),
}

/// Reads the other side's line, newline included; returns its minor version.
///
/// # Errors
/// [`VersionError`].
pub fn check(line: &[u8]) -> Result<u16, VersionError> {
    let text = std::str::from_utf8(line).map_err(|_| VersionError::Foreign)?;
    let version = text.strip_prefix(WORD).and_then(|rest| rest.strip_suffix('\n')).ok_or(VersionError::Foreign)?;
    let (major, minor) = version.split_once('.').ok_or(VersionError::Foreign)?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten().ok_or(VersionError::Foreign)
    };
    let (major, minor) = (number(major)?, number(minor)?);
    match major.cmp(&MAJOR) {
        std::cmp::Ordering::Less => Err(VersionError::Older(major)),
        std::cmp::Ordering::Equal => Ok(minor),
        std::cmp::Ordering::Greater => Err(VersionError::Newer(major)),
    }
}
