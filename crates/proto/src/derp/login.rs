//! The two sealed greetings of a relay connection: NaCl boxes with JSON in them (spec `derp-disco-stun.md` 3). The node
//! key both seals them and names the client; nonces come from the caller. Mesh keys between relays are neither written
//! nor read: our relay stands alone.

use bytes::Bytes;
use crypto_box::aead::Aead;
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Frame, VERSION};
use crate::key::{NodePrivate, NodePublic};

/// What a client says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientInfo {
    /// Protocol version, [`VERSION`].
    pub version: u32,
    /// The relay may ping it and expect a pong.
    #[serde(rename = "CanAckPings")]
    pub can_ack_pings: bool,
    /// A monitoring probe, not a peer.
    #[serde(rename = "IsProber", skip_serializing_if = "std::ops::Not::not")]
    pub is_prober: bool,
}

impl Default for ClientInfo {
    fn default() -> Self {
        Self { version: VERSION, can_ack_pings: false, is_prober: false }
    }
}

/// What a relay says of itself. A client drops what it would send beyond the rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerInfo {
    /// Protocol version, [`VERSION`].
    pub version: u32,
    /// Bytes per second that the client may send, 0 for any.
    #[serde(rename = "TokenBucketBytesPerSecond", skip_serializing_if = "is_zero")]
    pub bytes_per_second: u64,
    /// Bytes that it may send at once.
    #[serde(rename = "TokenBucketBytesBurst", skip_serializing_if = "is_zero")]
    pub burst_bytes: u64,
}

impl Default for ServerInfo {
    fn default() -> Self {
        Self { version: VERSION, bytes_per_second: 0, burst_bytes: 0 }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Why a greeting could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The box was not sealed by this key for us, or was damaged.
    #[error("the relay greeting is not sealed by the key it names")]
    Seal,
    /// What was in the box is not the JSON that belongs there.
    #[error("the relay greeting cannot be read")]
    Json,
    /// Another protocol version.
    #[error("the other end speaks version {0} of the relay's protocol, this program speaks {VERSION}")]
    Version(u32),
}

impl ClientInfo {
    /// Seals the greeting of `client` for the relay.
    ///
    /// # Errors
    /// [`LoginError`] never happens with valid keys; the ciphers want it named.
    pub fn seal(&self, client: &NodePrivate, relay: &NodePublic, nonce: [u8; 24]) -> Result<Frame, LoginError> {
        Ok(Frame::ClientInfo { key: client.public(), sealed: seal(self, client, relay, nonce)?, nonce })
    }

    /// Opens the parts of a [`Frame::ClientInfo`]: proof that the sender holds `client`'s private key.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn open(relay: &NodePrivate, client: &NodePublic, nonce: &[u8; 24], sealed: &[u8]) -> Result<Self, LoginError> {
        let info: Self = open(relay, client, nonce, sealed)?;
        if info.version == VERSION { Ok(info) } else { Err(LoginError::Version(info.version)) }
    }
}

impl ServerInfo {
    /// Seals the greeting of the relay for `client`.
    ///
    /// # Errors
    /// [`LoginError`] never happens with valid keys; the ciphers want it named.
    pub fn seal(&self, relay: &NodePrivate, client: &NodePublic, nonce: [u8; 24]) -> Result<Frame, LoginError> {
        Ok(Frame::ServerInfo { sealed: seal(self, relay, client, nonce)?, nonce })
    }

    /// Opens the parts of a [`Frame::ServerInfo`].
    ///
    /// # Errors
    /// [`LoginError`]. Any version is accepted: a relay may be newer than its clients.
    pub fn open(client: &NodePrivate, relay: &NodePublic, nonce: &[u8; 24], sealed: &[u8]) -> Result<Self, LoginError> {
        open(client, relay, nonce, sealed)
    }
}

fn cipher(own: &NodePrivate, other: &NodePublic) -> SalsaBox {
    SalsaBox::new(&PublicKey::from(other.0), &SecretKey::from(own.expose()))
}

fn seal<T: Serialize>(info: &T, own: &NodePrivate, other: &NodePublic, nonce: [u8; 24]) -> Result<Bytes, LoginError> {
    let json = serde_json::to_vec(info).map_err(|_| LoginError::Json)?;
    let sealed = cipher(own, other).encrypt(&nonce.into(), json.as_slice()).map_err(|_| LoginError::Seal)?;
    Ok(sealed.into())
}

fn open<T: DeserializeOwned>(
    own: &NodePrivate,
    other: &NodePublic,
    nonce: &[u8; 24],
    sealed: &[u8],
) -> Result<T, LoginError> {
    let json = cipher(own, other).decrypt(&(*nonce).into(), sealed).map_err(|_| LoginError::Seal)?;
    serde_json::from_slice(&json).map_err(|_| LoginError::Json)
}
