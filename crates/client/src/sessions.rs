//! Where the sessions of this person are kept: the keyring, else 0600 files; and where they are looked for.
//!
//! Not here: environment variables and flags, which belong to the programs. Files of one configuration folder:
//!
//! ```text
//!   url            the deployment that is meant where none is named
//!   session        its token, where programs write this folder that know no more than these two files
//!   accounts.json  every deployment, and where its token is; no secret
//!   sessions/…     tokens that no keyring keeps, a file per deployment
//! ```
//!
//! Every change is a row of small ones, each whole or not at all, in an order in which any end of the program leaves a
//! token beside its own deployment (`a_token_is_never_beside_another_deployment_wherever_a_change_ends`).

pub mod expiry;
pub mod file;
mod index;
pub mod keyring;
pub mod local;
mod store;

pub use self::index::Place;
pub use self::keyring::KeyringError;
pub use self::store::Store;

use std::io;
use std::path::PathBuf;

use proto::secret::Secret;
use url::Url;

/// A stored session.
#[derive(Debug, Clone)]
pub struct Session {
    /// The deployment.
    pub url: Url,
    /// The token there.
    pub token: Secret,
    /// Where it was found.
    pub source: Source,
}

/// Where a session was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The Secret Service of the desktop.
    Keyring,
    /// A file of our own configuration folder.
    File(PathBuf),
    /// The local server's own note for the person who runs it.
    Local(PathBuf),
}

/// How a token was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In the keyring.
    Keyring,
    /// In this file, readable by its owner only.
    File(PathBuf),
}

/// Why a session could not be read or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A file could not be read, written or removed.
    #[error("cannot {what} {path}")]
    File {
        /// The verb.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The stored URL is none.
    #[error("{0} does not hold a URL")]
    Url(String),
    /// The keyring has the token but does not give it, or does not take it.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The deployment is listed, and its token is not where it was put.
    #[error("the token is gone from where it was kept")]
    Missing,
    /// The list of deployments is damaged.
    #[error("{0} is damaged")]
    Index(String, #[source] serde_json::Error),
}

/// A deployment that there is a session at, as far as files tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The deployment.
    pub url: Url,
    /// Where its token is.
    pub kept: Place,
    /// Whether it is meant where none is named.
    pub is_current: bool,
}

/// All sessions, and those that could not be read.
#[derive(Debug, Default)]
pub struct All {
    /// Read.
    pub sessions: Vec<Session>,
    /// Known, and not read; without a deployment when it is the list itself.
    pub unread: Vec<(Option<Url>, SessionError)>,
}

#[cfg(test)]
mod tests;
