//! The engine: decides everything about the mesh, without IO, clock or randomness of its own.
//!
//! ```text
//!   UDP, relay packets ─► handle_udp / handle_relay ─┐                       ┌─► Udp, Relay
//!   stack or TUN       ─► handle_inner ──────────────┤   peers: WireGuard,   ├─► Inner
//!   coordinator        ─► handle_coordination ───────┼─► paths, candidates ──┼─► Coordinate
//!   netcheck, network  ─► handle_netcheck, … ────────┤   relays, home        ├─► ConnectRelay, Netcheck, …
//!   time               ─► handle_timeout ────────────┘                       └─► Pinged
//! ```
//!
//! The driver gives one input, then drains [`Engine::poll_output`], then sleeps until [`Engine::poll_timeout`]. Not here:
//! sockets, HTTP, TCP.

mod netcheck;
mod output;
mod status;

use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Instant, SystemTime};

use bytes::BytesMut;
use proto::derp_map::DerpMap;
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate, NodePublic};
use proto::tailnet::CoordinateResponse;

pub use netcheck::{MAX_STUN_ANSWERS, NetcheckReport, RelayLatency, StunAnswer};
pub use output::{Datagrams, MAX_BATCH, MAX_SEGMENTS, Output};
pub use status::{EngineStatus, Path, PeerStatus, Pong, Role};

use output::Outputs;

/// How to make an [`Engine`].
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// WireGuard and relay key.
    pub node_key: NodePrivate,
    /// Path discovery key.
    pub disco_key: DiscoPrivate,
    /// `Node.id`.
    pub node_id: i64,
    /// Our mesh addresses.
    pub addresses: Vec<Ipv6Addr>,
    /// Coordination rules.
    pub role: Role,
    /// Neither advertise nor use direct paths.
    pub block_endpoints: bool,
    /// Relay connections use websockets (published in `Node.derp_forced_websocket` only; the driver acts on it).
    pub force_websockets: bool,
    /// 32 random bytes that everything random here is drawn from.
    pub seed: [u8; 32],
}

/// News of a relay connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayEvent {
    /// The handshake is done; packets can be sent.
    Connected,
    /// The connection broke. The driver reconnects by itself until told to close.
    Disconnected,
    /// The relay says that this key is not connected to it.
    PeerGone {
        /// Who.
        key: NodePublic,
    },
    /// The driver uses the websocket form for this region from now on.
    ForcedWebsocket,
}

/// Kind of [`Engine::start_ping`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingKind {
    /// Which path answers first; 5 s.
    Disco,
    /// A packet inside the tunnel; the peer's engine answers. 10 s.
    Tsmp,
}

/// The mesh engine. One per process; see the module for how it is driven.
pub struct Engine {
    #[allow(dead_code)]
    config: EngineConfig,
    outputs: Outputs,
}

#[allow(unused_variables, clippy::needless_pass_by_value)]
impl Engine {
    /// Makes an engine. `wall` is the wall-clock time at `now`, for the time stamps of our node record.
    #[must_use]
    pub fn new(config: EngineConfig, now: Instant, wall: SystemTime) -> Self {
        Self { config, outputs: Outputs::default() }
    }

    /// A datagram arrived on the UDP socket. STUN answers belong to the driver's netcheck; here they are ignored. The
    /// datagram's bytes are scratch space afterwards.
    pub fn handle_udp(&mut self, from: SocketAddr, datagram: &mut [u8], now: Instant) {}

    /// A packet arrived through a relay.
    pub fn handle_relay(&mut self, region: i32, from: NodePublic, packet: &mut [u8], now: Instant) {}

    /// A relay connection changed.
    pub fn handle_relay_event(&mut self, region: i32, event: RelayEvent, now: Instant) {}

    /// An IPv6 packet from the stack or the TUN device, at most 1280 bytes; encrypted at once. Packets to no peer are
    /// dropped.
    pub fn handle_inner(&mut self, packet: &[u8], now: Instant) {}

    /// The coordinator said something.
    pub fn handle_coordination(&mut self, response: CoordinateResponse, now: Instant) {}

    /// A fresh coordination stream is open: everything wanted is said again.
    pub fn handle_coordination_started(&mut self, now: Instant) {}

    /// The coordination stream broke: peers are kept as lost.
    pub fn handle_coordination_ended(&mut self, now: Instant) {}

    /// Wants a tunnel to this peer (clients only); repeated on each new stream.
    pub fn add_tunnel(&mut self, peer: PeerId, now: Instant) {}

    /// Wants no tunnel to this peer any more.
    pub fn remove_tunnel(&mut self, peer: PeerId, now: Instant) {}

    /// Says goodbye to the coordinator.
    pub fn disconnect(&mut self, now: Instant) {}

    /// Replaces the relay map.
    pub fn set_derp_map(&mut self, map: DerpMap, now: Instant) {}

    /// Applies the manifest's switches.
    pub fn set_relay_only(&mut self, block_endpoints: bool, force_websockets: bool, now: Instant) {}

    /// Replaces our mesh addresses.
    pub fn set_addresses(&mut self, addresses: Vec<Ipv6Addr>, now: Instant) {}

    /// The interface addresses with the ports of our UDP sockets, without loopback unless nothing else exists.
    pub fn handle_local_addresses(&mut self, addresses: Vec<SocketAddr>, now: Instant) {}

    /// A netcheck ended.
    pub fn handle_netcheck(&mut self, report: NetcheckReport, now: Instant) {}

    /// The network changed or the machine woke up: distrust every path and look again. The driver then also reports
    /// fresh local addresses.
    pub fn handle_network_changed(&mut self, now: Instant) {}

    /// Pings a peer; the answer comes as [`Output::Pinged`] with this token. An unknown address is answered at once with
    /// no pong; ask [`Engine::has_peer`] first.
    pub fn start_ping(&mut self, address: Ipv6Addr, kind: PingKind, token: u64, now: Instant) {}

    /// Whether a programmed peer holds this address.
    #[must_use]
    pub fn has_peer(&self, address: Ipv6Addr) -> bool {
        false
    }

    /// The time of [`Engine::poll_timeout`] came.
    pub fn handle_timeout(&mut self, now: Instant) {}

    /// When [`Engine::handle_timeout`] must be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// Gives back the buffer of a [`Datagrams`] that was sent.
    pub fn recycle(&mut self, buffer: BytesMut) {}

    /// What is going on.
    #[must_use]
    pub fn status(&self, now: Instant) -> EngineStatus {
        EngineStatus::default()
    }
}
