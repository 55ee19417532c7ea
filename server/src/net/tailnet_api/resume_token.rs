//! Resume tokens: a client keeps its peer id over reconnects, so that daemons see a new record, not a new peer (spec
//! `tailnet.md` 6).
//!
//! JWS compact form, HS512, header `kid`; claims `sub` (peer id), `exp`, and `usr`, our own: a token is good only for the
//! user it was given to. Pure: key and clock come from the caller. The signature is checked before a claim is read.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use proto::id::{PeerId, UserId};
use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use sha2::Sha512;
use uuid::Uuid;

/// Good for so long (spec `tailnet.md` 5.4), in seconds.
pub const LIFETIME: i64 = 24 * 60 * 60;
/// Clients ask for a new one after so long, in seconds.
pub const REFRESH: u64 = 12 * 60 * 60;
/// No token of ours is longer.
const MAX_LENGTH: usize = 1024;

/// The signing key and its public name.
#[derive(Clone)]
pub struct SigningKey {
    /// Goes into `kid`.
    pub id: Uuid,
    /// Secret.
    pub key: Vec<u8>,
}

/// The token is not one of ours, is over, or belongs to another user. One error: the difference helps only a forger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the resume token is not valid")]
pub struct Invalid;

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    exp: i64,
    usr: Uuid,
}

/// Makes a token for a peer of a user; `now` in seconds since the epoch.
#[must_use]
pub fn issue(key: &SigningKey, peer: PeerId, user: UserId, now: i64) -> Option<Secret> {
    let header = Header { alg: "HS512".into(), kid: Some(key.id.to_string()) };
    let claims = Claims { sub: peer.0, exp: now + LIFETIME, usr: user.0 };
    let part = |json: Result<Vec<u8>, serde_json::Error>| json.ok().map(|json| BASE64.encode(json));
    let signed = format!("{}.{}", part(serde_json::to_vec(&header))?, part(serde_json::to_vec(&claims))?);
    let signature = BASE64.encode(mac(key, &signed)?.finalize().into_bytes());
    Some(Secret::new(format!("{signed}.{signature}")))
}

/// The peer id of a token. `Ok(None)` for one without a key id, which is ignored: the peer gets a new id.
///
/// # Errors
/// [`Invalid`] for every other cause.
pub fn verify(key: &SigningKey, token: &str, user: UserId, now: i64) -> Result<Option<PeerId>, Invalid> {
    if token.len() > MAX_LENGTH {
        return Err(Invalid);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Invalid)?;
    let (header, claims) = signed.split_once('.').ok_or(Invalid)?;
    let header: Header = decode(header)?;
    let Some(kid) = header.kid.filter(|kid| !kid.is_empty()) else { return Ok(None) };
    if header.alg != "HS512" || kid != key.id.to_string() {
        return Err(Invalid);
    }
    let signature = BASE64.decode(signature).map_err(|_| Invalid)?;
    // Compares in constant time.
    mac(key, signed).ok_or(Invalid)?.verify_slice(&signature).map_err(|_| Invalid)?;
    let claims: Claims = decode(claims)?;
    if claims.exp <= now || claims.usr != user.0 {
        return Err(Invalid);
    }
    Ok(Some(PeerId(claims.sub)))
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Invalid> {
    let json = BASE64.decode(part).map_err(|_| Invalid)?;
    serde_json::from_slice(&json).map_err(|_| Invalid)
}

fn mac(key: &SigningKey, signed: &str) -> Option<Hmac<Sha512>> {
    let mut mac = <Hmac<Sha512> as Mac>::new_from_slice(&key.key).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}
