//! The asking side: a query for the IPv6 addresses of one name, and what an answer to it says. Only for asking our own
//! server whether it works; no cache, no retries, no other record types.

use std::net::Ipv6Addr;

use super::{CLASS_IN, HEAD, Name};

const TYPE_AAAA: u16 = 28;
/// Longest answer that is read: one datagram that no link fragments, and what every DNS server may send over UDP.
pub const MAX_ANSWER: usize = 4096;
/// Records that are looked through; our server sends one per name.
const MAX_RECORDS: u16 = 64;

/// Why bytes are no answer to our query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeardError {
    /// Another id, another question, or no answer at all: somebody else's, to be waited past.
    #[error("a DNS answer to another question")]
    Foreign,
    /// Cut off, too long, or a name that cannot be.
    #[error("a malformed DNS answer")]
    Malformed,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The response code: 0 is success, 3 that there is no such name.
    pub code: u8,
    /// The addresses.
    pub addresses: Vec<Ipv6Addr>,
}

/// The bytes of a query for the IPv6 addresses of a name. No recursion is wanted: our server knows its names itself.
#[must_use]
pub fn ask(id: u16, name: &Name) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    bytes[..2].copy_from_slice(&id.to_be_bytes());
    bytes[5] = 1;
    bytes.extend_from_slice(name.wire());
    bytes.extend_from_slice(&TYPE_AAAA.to_be_bytes());
    bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
    bytes
}

/// Reads the answer to [`ask`] with the same id and name.
///
/// # Errors
/// [`HeardError`].
pub fn hear(bytes: &[u8], id: u16, name: &Name) -> Result<Heard, HeardError> {
    let head: &[u8; HEAD] = bytes.first_chunk().ok_or(HeardError::Malformed)?;
    if bytes.len() > MAX_ANSWER {
        return Err(HeardError::Malformed);
    }
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    if word(0) != id || head[2] & 0x80 == 0 {
        return Err(HeardError::Foreign);
    }
    let code = head[3] & 0x0f;
    let mut rest = bytes.get(HEAD..).unwrap_or_default();
    match word(4) {
        // Servers that could not read the question do not repeat it.
        0 => return Ok(Heard { code, addresses: Vec::new() }),
        1 => {}
        _ => return Err(HeardError::Malformed),
    }
    let (asked, length) = Name::decode(rest).map_err(|_| HeardError::Malformed)?;
    if asked != *name {
        return Err(HeardError::Foreign);
    }
    rest = rest.get(length + 4..).ok_or(HeardError::Malformed)?;
    let mut addresses = Vec::new();
    for _ in 0..word(6).min(MAX_RECORDS) {
        rest = skip_name(rest)?;
        let (record, data) = rest.split_first_chunk::<10>().ok_or(HeardError::Malformed)?;
        let size = usize::from(u16::from_be_bytes([record[8], record[9]]));
        let content = data.get(..size).ok_or(HeardError::Malformed)?;
        let is_address = record[..2] == TYPE_AAAA.to_be_bytes() && record[2..4] == CLASS_IN.to_be_bytes();
        if is_address && let Ok(octets) = <[u8; 16]>::try_from(content) {
            addresses.push(Ipv6Addr::from(octets));
        }
        rest = data.get(size..).unwrap_or_default();
    }
    Ok(Heard { code, addresses })
}

/// What follows a name. A compressed one ends with its pointer, which is not followed.
fn skip_name(mut rest: &[u8]) -> Result<&[u8], HeardError> {
    loop {
        let (&length, after) = rest.split_first().ok_or(HeardError::Malformed)?;
        match length {
            0 => return Ok(after),
            1..=63 => rest = after.get(usize::from(length)..).ok_or(HeardError::Malformed)?,
            0xc0.. => return after.get(1..).ok_or(HeardError::Malformed),
            _ => return Err(HeardError::Malformed),
        }
    }
}
