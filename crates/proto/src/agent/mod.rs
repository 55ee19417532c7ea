//! Messages of the agent API, `coder.agent.v2`: what a workspace daemon and its server say (spec `agent-rpc.md` 5).
//!
//! Flow: the daemon dials the server, fetches its [`Manifest`], says its version ([`Startup`]), then reports lifecycle
//! states, logs, statistics, metadata, app health and connections for as long as the connection lives. Every call is
//! made by the daemon. The Tailnet service ([`crate::tailnet`]) runs on the same connection.
//!
//! One file per noun. Ids are 16 raw bytes on this wire; [`crate::id`] reads and writes them. Not here: the transport
//! (`rpc`) and what either side does with the messages.

mod app;
mod banner;
mod boundary;
mod connection;
mod context;
mod lifecycle;
mod logs;
mod manifest;
mod metadata;
pub mod method;
mod monitoring;
mod script;
mod stats;
mod sub_agent;
mod version;

pub use app::*;
pub use banner::*;
pub use boundary::*;
pub use connection::*;
pub use context::*;
pub use lifecycle::*;
pub use logs::*;
pub use manifest::*;
pub use metadata::*;
pub use monitoring::*;
pub use script::*;
pub use stats::*;
pub use sub_agent::*;
pub use version::{ApiVersion, VERSION, VersionError};

#[cfg(test)]
mod tests;
