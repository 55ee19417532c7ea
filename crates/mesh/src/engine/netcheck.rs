//! What one netcheck found, as the driver reports it. Not here: sockets, probes, and the choice made from it.

use std::net::SocketAddr;
use std::time::Duration;

/// One STUN answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StunAnswer {
    /// The region of the server.
    pub region: i32,
    /// The server that answered.
    pub server: SocketAddr,
    /// Our endpoint as it saw it.
    pub mapped: SocketAddr,
    /// Round trip.
    pub latency: Duration,
}

/// Latency of one relay region: `GET /derp/latency-check`, request written to first response byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RelayLatency {
    /// Region.
    pub region: i32,
    /// Over IPv4.
    pub v4: Option<Duration>,
    /// Over IPv6.
    pub v6: Option<Duration>,
}

/// Result of one netcheck.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetcheckReport {
    /// STUN answers in the order they came, at most [`MAX_STUN_ANSWERS`] are looked at.
    pub stun: Vec<StunAnswer>,
    /// Regions that answered over HTTP. Regions that did not are absent.
    pub relays: Vec<RelayLatency>,
}

/// Most STUN answers looked at: three tries at five servers in two families, with room.
pub const MAX_STUN_ANSWERS: usize = 64;
