//! Session keys and named tokens.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::Time;
use super::user::LoginType;
use super::word::words;
use crate::id::UserId;

words! {
    /// What a key may do.
    KeyScope { All = "all", ApplicationConnect = "application_connect" }
}

/// A key as lists show it; the secret half is known only to the one who asked for it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ApiKey {
    /// The first 10 characters of the token.
    pub id: String,
    pub user_id: UserId,
    pub last_used: Time,
    pub expires_at: Time,
    pub created_at: Time,
    pub updated_at: Time,
    pub login_type: LoginType,
    pub scope: KeyScope,
    pub token_name: String,
    pub lifetime_seconds: i64,
    /// Only in `keys/tokens` lists.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
}

/// Where an account is signed in: a session as `GET homeport/sessions` shows it. Ours; other servers do not list them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Session {
    /// The first 10 characters of its token.
    pub id: String,
    pub created_at: Time,
    pub last_used: Time,
    pub expires_at: Time,
    /// The session that asked.
    pub is_current: bool,
}

/// `POST users/{user}/keys/tokens`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct CreateToken {
    /// Nanoseconds; 0 asks for the server's default.
    pub lifetime: i64,
    pub scope: KeyScope,
    pub token_name: String,
}

/// Answer of `POST users/{user}/keys` and `…/keys/tokens`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct KeyCreated {
    /// Secret: shown once.
    pub key: String,
}

/// `GET users/{user}/keys/tokens/tokenconfig`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct TokenConfig {
    /// Nanoseconds.
    pub max_token_lifetime: i64,
}
