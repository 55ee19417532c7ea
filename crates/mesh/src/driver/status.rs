//! A snapshot of the whole mesh.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::{EngineStatus, PeerStatus};

/// A snapshot of the whole mesh, for `ping`, `netcheck`, debug pages and status streams.
#[derive(Debug, Clone, Default)]
pub struct MeshStatus {
    /// All peers.
    pub peers: Vec<PeerStatus>,
    /// Home relay region, 0 when none is chosen yet.
    pub home_relay: i32,
    /// Latency of each region that was measured.
    pub relay_latency: Vec<(i32, Duration)>,
    /// Why a region's relay cannot be connected, since the last time that it was.
    pub relay_problems: BTreeMap<i32, String>,
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
    /// Totals of virtual TCP and UDP flows: received packets, received bytes, sent packets, sent bytes.
    pub flows: FlowTotals,
    /// Open TCP connections by our port.
    pub tcp_ports: BTreeMap<u16, u64>,
}

/// Counters of the traffic through the tunnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowTotals {
    /// Packets received.
    pub received_packets: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Open TCP connections.
    pub tcp_connections: u64,
}

impl MeshStatus {
    /// Both halves of a snapshot.
    pub(crate) fn of(engine: EngineStatus, flows: FlowTotals, relay_problems: BTreeMap<i32, String>) -> Self {
        Self {
            peers: engine.peers,
            home_relay: engine.home_relay,
            relay_latency: engine.relay_latency,
            relay_problems,
            endpoints: engine.endpoints,
            udp_works: engine.udp_works,
            public_v4: engine.public_v4,
            public_v6: engine.public_v6,
            mapping_varies: engine.mapping_varies,
            flows,
            tcp_ports: BTreeMap::new(),
        }
    }
}
