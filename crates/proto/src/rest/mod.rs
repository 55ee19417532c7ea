//! JSON bodies of the REST interface under `/api/v2` (spec `rest-api.md`). One file per noun; no routes, no rules.
//!
//! Conventions of every body: `snake_case` names; unknown fields are ignored and missing ones take their default, because
//! servers of other versions send more or less; lists and maps that another server writes as `null` read as empty; words
//! of an enumeration that we do not know read as `Unknown`. Times: see [`Time`].

mod word;

pub mod agent;
pub mod app;
pub mod build;
pub mod deployment;
pub mod job;
pub mod key;
pub mod organization;
pub mod resource;
pub mod response;
pub mod sign_in;
pub mod template;
pub mod template_version;
pub mod time;
pub mod user;
pub mod workspace;

#[cfg(test)]
mod tests;

pub use response::{Response, Validation};
pub use time::Time;

/// Header that carries a session token or a workspace daemon's token.
pub const SESSION_HEADER: &str = "Coder-Session-Token";
/// Cookie that carries a session token.
pub const SESSION_COOKIE: &str = "coder_session_token";
/// Header on every response of a server.
pub const VERSION_HEADER: &str = "X-Coder-Build-Version";

/// Reads `null` as the empty value.
pub(crate) fn null_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + serde::Deserialize<'de>,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(from)?.unwrap_or_default())
}
