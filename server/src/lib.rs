//! The control plane on one machine: REST, builds, accounts, store, and (in [`net`]) coordinator, relay and STUN.
//!
//! Not here: privilege, the tray, anything that runs as root. [`run`] is the whole server; `main.rs` is its command line.

pub mod access;
pub mod builds;
pub mod config;
pub mod http;
pub mod net;
pub mod state;
pub mod store;
pub mod token;

/// What this server calls itself: a Coder-compatible version first, because clients parse it, then its own name.
pub const VERSION: &str = concat!("v2.28.0+homeport.", env!("CARGO_PKG_VERSION"));
