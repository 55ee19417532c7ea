//! Random secrets: how they are made and how the store keeps them (SHA-256, never the secret). No store, no HTTP.

use proto::secret::Secret;
use sha2::{Digest as _, Sha256};

/// Characters of a key's public id.
pub const ID_LENGTH: usize = 10;
/// Characters of a key's secret: 22 of 62 letters are 130 bits.
pub const SECRET_LENGTH: usize = 22;

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// A new session key.
pub struct NewKey {
    pub id: String,
    pub hash: Hash,
    /// `<id>-<secret>`, shown once.
    pub token: Secret,
}

impl NewKey {
    /// Draws a key.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub fn draw() -> std::io::Result<Self> {
        let (id, secret) = (letters(ID_LENGTH)?, letters(SECRET_LENGTH)?);
        Ok(Self { hash: hash(&secret), token: Secret::new(format!("{id}-{secret}")), id })
    }
}

/// Parts of a presented session token: public id and hash of the secret; none when it has not the form of one.
#[must_use]
pub fn split(token: &str) -> Option<(String, Hash)> {
    let (id, secret) = token.split_once('-')?;
    let form = id.len() == ID_LENGTH && secret.len() == SECRET_LENGTH;
    let letters = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (form && letters).then(|| (id.to_owned(), hash(secret)))
}

/// A new token of a workspace daemon.
///
/// # Errors
/// The operating system has no randomness.
pub fn agent_token() -> std::io::Result<Secret> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(Secret::new(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()))
}

/// The hash of a daemon's token. A text that is no UUID hashes to something that no row has.
#[must_use]
pub fn agent_hash(token: &str) -> Hash {
    match token.trim().parse::<uuid::Uuid>() {
        Ok(uuid) => hash(&uuid.to_string()),
        Err(_) => [0; 32],
    }
}

/// Fills `bytes` with randomness.
///
/// # Errors
/// The operating system has none.
pub fn fill(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(|error| std::io::Error::other(error.to_string()))
}

/// A random word of letters and digits.
///
/// # Errors
/// The operating system has no randomness.
pub fn letters(length: usize) -> std::io::Result<String> {
    let mut word = String::with_capacity(length);
    while word.len() < length {
        let mut bytes = [0; 64];
        fill(&mut bytes)?;
        // 248 is the largest multiple of 62 in a byte: what lies above would favour some letters.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(LETTERS[usize::from(byte % 62)]));
        word.extend(fair.take(length - word.len()));
    }
    Ok(word)
}

fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests;
