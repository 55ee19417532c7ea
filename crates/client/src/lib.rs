//! A deployment seen from outside: REST calls, watch sockets, the two RPC services, stored sessions.
//!
//! Not here: text for people beyond errors, and the mesh engine. FIXED INTERFACE: signatures may gain functions only.
#![deny(missing_docs)]

mod about;
mod accounts;
pub mod deployment;
pub mod error;
pub mod sessions;
pub mod socket;
mod templates;
pub mod tls;
mod workspaces;

pub use deployment::Deployment;
pub use error::ClientError;
pub use rpc;
