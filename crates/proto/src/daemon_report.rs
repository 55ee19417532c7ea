//! What a workspace daemon tells the person whose computer it runs on: who is connected, through which ports, and whether
//! its server hears it.
//!
//! The wire is ours (version 1): a Unix socket that only its owner may open. Whoever connects gets one line of JSON
//! ([`DaemonReport`]) and the end; nothing is read.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Longest line: [`MAX_SESSIONS`] and [`MAX_PORTS`] of some hundred bytes each.
pub const MAX_LINE: u64 = 64 * 1024;
/// Sessions that are told one by one; a daemon has places for some more.
pub const MAX_SESSIONS: usize = 256;
/// Ports that are told.
pub const MAX_PORTS: usize = 256;

/// One look at a daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaemonReport {
    /// Its deployment.
    pub server: String,
    /// Whether the deployment holds our connection.
    pub is_connected: bool,
    /// Why not; a sentence without a secret.
    pub problem: Option<String>,
    /// Shells, commands, editors and terminals that are open, oldest first.
    pub sessions: Vec<OpenSession>,
    /// Ports of this computer that others use, lowest first.
    pub ports: Vec<OpenPort>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// `ssh`, `vscode`, `jetbrains` or `terminal`; newer daemons may have more.
    pub kind: String,
    /// Seconds since 1970.
    pub since: i64,
    /// The peer's address inside the mesh.
    pub from: Option<IpAddr>,
}

/// One port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPort {
    /// Its number.
    pub port: u16,
    /// TCP connections to it.
    pub connections: u64,
}
