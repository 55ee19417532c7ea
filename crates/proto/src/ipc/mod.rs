//! What a program of the signed-in user and the tunnel service say to each other over the service's Unix socket.
//!
//! ```text
//!  client                                             service
//!    ── "homeport-tunnel 1.0\n" ───────────────────►    both send their line at once ([`version`])
//!    ◄─────────────────── "homeport-tunnel 1.0\n" ──
//!    ── frame: Request { id, call } ───────────────►
//!    ◄──────────────── frame: Reply { id, outcome } ──  one for each request, in any order
//!    ◄──────────────────────── frame: Event ──────────  after Call::Watch, until either side closes
//! ```
//!
//! A frame is a big-endian `u32` length and that many bytes of JSON, at most [`MAX_FRAME`] ([`frame`]). Calls describe
//! a wanted state (a deployment's URL and a token); there is no call that names a path, a command or a file, because
//! the service has a privilege its callers do not have. Tokens go to the service only; no message brings one back.
//!
//! Not here: the socket, who may speak on it (the service asks the kernel), what the calls do.

pub mod call;
pub mod frame;
pub mod health;
pub mod status;
#[cfg(test)]
mod tests;
pub mod version;

pub use call::{Call, Description, Fault, FaultCode, Outcome, Reply, Request};
pub use frame::{FrameError, Frames, MAX_FRAME};
pub use health::{Health, HealthCode};
pub use status::{
    Counters, DaemonPath, DaemonStatus, DeploymentState, DeploymentStatus, Event, LocalPort, NameService, ServiceStatus,
};

/// Where the service listens.
pub const SOCKET: &str = "/run/homeport/tunnel.sock";

/// Anything the service sends.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FromService {
    /// The answer to a request.
    Reply(Reply),
    /// News, after [`Call::Watch`].
    Event(Event),
}
