//! Passwords: Argon2id, and the same time whether an account exists or not.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use proto::secret::Secret;

/// Shortest password; longer ones are the person's choice.
pub const SHORTEST: usize = 8;
/// Longest password: bounds the work of one sign-in.
pub const LONGEST: usize = 512;

/// Why a password cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("the password must have at least {SHORTEST} characters")]
    Short,
    #[error("the password must have at most {LONGEST} bytes")]
    Long,
    #[error("the password could not be hashed")]
    Hash,
}

/// Hashes a password with a fresh salt. Takes tens of milliseconds: call it where blocking is allowed.
///
/// # Errors
/// [`PasswordError`].
pub fn hash(password: &Secret) -> Result<String, PasswordError> {
    match password.expose() {
        text if text.chars().count() < SHORTEST => return Err(PasswordError::Short),
        text if text.len() > LONGEST => return Err(PasswordError::Long),
        _ => {}
    }
    let mut salt = [0; 16];
    crate::token::fill(&mut salt).map_err(|_| PasswordError::Hash)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Hash)?;
    let hash = Argon2::default().hash_password(password.expose().as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
}

/// A hash in the right form that no known password has.
///
/// # Errors
/// The operating system has no randomness.
pub fn impossible() -> std::io::Result<String> {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    crate::token::fill(&mut salt)?;
    crate::token::fill(&mut output)?;
    Ok(format!("$argon2id$v=19$m=19456,t=2,p=1${}${}", BASE64.encode(salt), BASE64.encode(output)))
}

/// Whether the password has this hash. Without a hash the same work is done for nothing.
#[must_use]
pub fn verify(password: &Secret, stored: Option<&str>) -> bool {
    if password.expose().len() > LONGEST {
        return false;
    }
    let Ok(nobody) = impossible() else { return false };
    let Ok(parsed) = PasswordHash::new(stored.unwrap_or(&nobody)) else { return false };
    Argon2::default().verify_password(password.expose().as_bytes(), &parsed).is_ok() && stored.is_some()
}

#[cfg(test)]
mod tests;
