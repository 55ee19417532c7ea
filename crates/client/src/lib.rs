//! A deployment seen from outside: REST calls, watch sockets, the two RPC services, stored sessions, and the tunnel of
//! this computer.
//!
//! Not here: text for people beyond errors, and the mesh engine. FIXED INTERFACE: signatures may gain functions only.
#![deny(missing_docs)]

mod about;
mod accounts;
pub mod agent_api;
pub mod carried;
mod cause;
pub mod control;
pub mod deployment;
pub mod error;
pub mod hand_off;
pub mod installed;
pub mod instance;
pub mod reachable;
mod rpc_dial;
pub mod sessions;
pub mod socket;
mod stream;
pub mod tailnet_api;
mod templates;
pub mod tls;
pub mod tunnel;
mod wishes;
mod workspaces;

pub use agent_api::AgentApi;
pub use cause::Cause;
pub use deployment::Deployment;
pub use error::ClientError;
pub use rpc;
pub use rpc_dial::DialError;
pub use tailnet_api::TailnetApi;
