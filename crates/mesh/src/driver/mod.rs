//! The thin shell around the engine: the handle that programs hold, and the tasks behind it.
//!
//! FIXED INTERFACE (programs are written against it): signatures may gain functions, not change meaning.
//!
//! ```text
//!  Mesh, TcpStream, …  ── commands ──►┌──────────────┐◄── frames ──► relay tasks (one per region)
//!     │                               │   run_loop   │◄── datagrams ► UDP sockets (v4, v6)
//!     └── read, write ──► Shared ◄────│ engine+stack │◄── report ─── netcheck task
//!         (the stack, under a lock)   └──────────────┘◄── agreed ─── splice tasks (loopback)
//! ```
//!
//! One task owns the engine and moves packets in batches; streams copy to and from the stack directly, so that no packet
//! crosses a channel. Not here: deciding paths, peers, retransmissions (`engine`, `stack`).

mod arrival;
mod clock;
mod command;
mod config;
mod device;
mod dial;
mod error;
mod farewell;
mod handle;
mod netcheck;
mod relay;
mod run_loop;
mod splice;
mod status;
mod stun_client;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;
mod udp_socket;
mod under_lock;

pub use crate::engine::{Path, PeerStatus, Pong, Role};
pub use config::{MeshConfig, Proxies, RelayTransport, Unhandled};
pub use device::{Batch, Device, Outward};
pub use error::MeshError;
pub use handle::{Coordination, Mesh};
pub use status::{FlowTotals, MeshStatus};
pub use tcp::{TcpListener, TcpStream};
pub use udp_socket::UdpSocket;
