//! One-use codes that sign a browser or a program in: who made each, until when it counts. Told the time and the codes. No
//! HTTP.
//!
//! A browser cannot be handed a token: an address ends up in its history, a command line in the list of processes. A code
//! ends with its first use. One for a program is good only together with the secret behind its challenge, which the
//! program never gave away.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use proto::id::UserId;
use proto::secret::Secret;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// How long a code counts: a browser needs seconds to start.
pub const LIFETIME: Duration = Duration::from_secs(60);
/// Codes of one account at a time; the oldest go first. A person has a browser or two.
const EACH: usize = 8;

/// Who a code signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    pub user: UserId,
    /// The key that asked for the code: when it is void, so is the code.
    pub key: String,
    /// SHA-256 of what must come with a code for a program.
    pub challenge: Option<[u8; 32]>,
}

/// Codes that were made and not used. Lost when the server ends.
#[derive(Default)]
pub struct Codes(Mutex<HashMap<[u8; 32], (Maker, Instant)>>);

impl Codes {
    /// Keeps a code.
    pub fn insert(&self, code: &Secret, maker: Maker, now: Instant) {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, (_, made)| now.saturating_duration_since(*made) < LIFETIME);
        let mut own: Vec<_> =
            codes.iter().filter(|(_, (of, _))| of.user == maker.user).map(|(hash, (_, made))| (*made, *hash)).collect();
        own.sort_unstable();
        for (_, hash) in own.iter().take((own.len() + 1).saturating_sub(EACH)) {
            codes.remove(hash);
        }
        codes.insert(hash(code), (maker, now));
    }

    /// Who the code signs in. It is gone afterwards, also when the verifier is wrong: of callers at the same time one gets
    /// an answer. A code without a challenge takes no verifier.
    pub fn redeem(&self, code: &Secret, verifier: Option<&Secret>, now: Instant) -> Option<Maker> {
        // Looked up by hash: how long a wrong guess takes says nothing about the right ones.
        let (maker, made) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash(code))?;
        let is_meant = match (&maker.challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => challenge.ct_eq(&hash(verifier)).into(),
            _ => false,
        };
        (is_meant && now.saturating_duration_since(made) < LIFETIME).then_some(maker)
    }
}

fn hash(code: &Secret) -> [u8; 32] {
    Sha256::digest(code.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests;
