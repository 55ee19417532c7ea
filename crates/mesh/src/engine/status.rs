//! What the engine says about itself: roles, paths, peers, pongs. Plain data, no behaviour.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use proto::id::PeerId;
use proto::key::NodePublic;

/// What a peer may do in coordination (spec `tailnet.md` 5.2 and 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A workspace daemon: never opens tunnels, answers each NODE with READY_FOR_HANDSHAKE.
    Agent,
    /// A client: opens tunnels, waits for READY_FOR_HANDSHAKE at most 5 s.
    Client,
}

/// The answer of a path ping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pong {
    /// Round trip.
    pub latency: Duration,
    /// The path that answered first. A TSMP answer names the path in use when it came.
    pub path: Path,
}

/// How packets reach a peer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Straight over UDP.
    Direct(SocketAddr),
    /// Through the relay of this region.
    Relay(i32),
    /// No path is known yet.
    None,
}

/// One peer as `Mesh::status` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerStatus {
    /// Its id.
    pub id: PeerId,
    /// Its WireGuard key.
    pub key: NodePublic,
    /// Its mesh addresses.
    pub addresses: Vec<Ipv6Addr>,
    /// Current path.
    pub path: Path,
    /// Last measured round trip of that path.
    pub latency: Option<Duration>,
    /// Time since the last WireGuard handshake.
    pub last_handshake: Option<Duration>,
    /// Bytes received from and sent to it, inner packets.
    pub received_bytes: u64,
    /// See `received_bytes`.
    pub sent_bytes: u64,
}

/// A snapshot of the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EngineStatus {
    /// All programmed peers.
    pub peers: Vec<PeerStatus>,
    /// Home relay region, 0 when none is chosen yet.
    pub home_relay: i32,
    /// Latency of each region that was measured, smallest of both families.
    pub relay_latency: Vec<(i32, Duration)>,
    /// Our own advertised endpoints.
    pub endpoints: Vec<SocketAddr>,
    /// Whether a STUN answer came (UDP works).
    pub udp_works: bool,
    /// Public IPv4 endpoint seen by STUN.
    pub public_v4: Option<SocketAddr>,
    /// Public IPv6 endpoint seen by STUN.
    pub public_v6: Option<SocketAddr>,
    /// Whether two STUN servers saw different mappings.
    pub mapping_varies: Option<bool>,
}
