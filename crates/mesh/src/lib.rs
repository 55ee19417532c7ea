//! The private network of a deployment: WireGuard sessions, path discovery, relay client, user-space TCP/IP.
//!
//! One pure engine decides (`engine`, driven by `handle_*`, drained by `poll_*`); `driver` carries bytes between it and
//! sockets, relays and timers. Not here: HTTP beyond the one upgrade request of the relay, and who is allowed to do what.
#![deny(missing_docs)]

pub mod driver;
pub mod engine;
pub mod names;
pub mod stack;

pub use driver::{Mesh, MeshConfig, MeshError, TcpListener, TcpStream, UdpSocket};
