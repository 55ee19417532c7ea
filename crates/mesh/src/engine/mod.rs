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

mod coordination;
mod endpoints;
mod home;
mod inner;
mod netcheck;
mod node;
mod output;
mod path;
mod peer;
mod peers;
mod pings;
mod receive;
mod relays;
mod status;
mod wire;
mod wireguard;

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use bytes::BytesMut;
use proto::derp_map::DerpMap;
use proto::key::{DiscoPrivate, NodePrivate, NodePublic};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;

pub use netcheck::{MAX_STUN_ANSWERS, NetcheckReport, RelayLatency, StunAnswer};
pub use output::{Datagrams, MAX_BATCH, MAX_SEGMENTS, Output};
pub use status::{EngineStatus, Path, PeerStatus, Pong, Role};

use coordination::Coordination;
use endpoints::Endpoints;
use home::Home;
use netcheck::Netchecks;
pub(crate) use peers::MAX_PEERS;
use peers::Peers;
use pings::Pings;
use wire::Wire;
use wireguard::Doorman;

/// Own endpoints are looked up again after this and up to [`REFRESH_JITTER_MS`] more, while data flows.
const REFRESH: Duration = Duration::from_secs(20);
/// See [`REFRESH`]: peers that started together must not ask together.
const REFRESH_JITTER_MS: u64 = 6000;
/// Most mesh addresses of ours that are used.
const MAX_OWN_ADDRESSES: usize = 16;

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
    config: EngineConfig,
    started: Instant,
    wall: SystemTime,
    wire: Wire,
    doorman: Doorman,
    peers: Peers,
    coordination: Coordination,
    pings: Pings,
    home: Home,
    endpoints: Endpoints,
    netchecks: Netchecks,
    /// Regions where the relay client had to use websockets, and why.
    forced_websocket: BTreeMap<i32, String>,
}

impl Engine {
    /// Makes an engine. `wall` is the wall-clock time at `now`, for the time stamps of our node record.
    #[must_use]
    pub fn new(mut config: EngineConfig, now: Instant, wall: SystemTime) -> Self {
        config.addresses.truncate(MAX_OWN_ADDRESSES);
        let random = ChaCha12Rng::from_seed(std::mem::take(&mut config.seed));
        let wire = Wire::new(config.disco_key.clone(), config.node_key.public(), config.block_endpoints, random);
        Self {
            doorman: Doorman::new(&config.node_key),
            config,
            started: now,
            wall,
            wire,
            peers: Peers::default(),
            coordination: Coordination::default(),
            pings: Pings::default(),
            home: Home::default(),
            endpoints: Endpoints::default(),
            netchecks: Netchecks::default(),
            forced_websocket: BTreeMap::new(),
        }
    }

    /// An IPv6 packet from the stack or the TUN device, at most 1280 bytes; encrypted at once. Packets to no peer, or
    /// from an address that is not ours, are dropped.
    pub fn handle_inner(&mut self, packet: &[u8], now: Instant) {
        let Some(addresses) = inner::addresses(packet) else { return };
        let Some(slot) = self.peers.slot_of_address(addresses.destination) else { return };
        if !self.config.addresses.contains(&addresses.source) {
            return;
        }
        let Self { peers, wire, .. } = self;
        let Some(peer) = peers.get_mut(slot) else { return };
        peer.send(packet, wire, now);
        if self.netchecks.is_resting() && !self.endpoints.are_fresh(now) {
            self.netchecks.want(now);
            self.start_netcheck(now);
        }
    }

    /// A relay connection changed.
    pub fn handle_relay_event(&mut self, region: i32, event: RelayEvent, now: Instant) {
        match event {
            RelayEvent::Connected => {
                self.wire.relays.handle_connected(region, &mut self.wire.outputs);
                // What was said into the former connection, perhaps after its end, may be lost.
                self.search_anew(now);
            }
            RelayEvent::Disconnected => {
                self.wire.relays.handle_disconnected(region);
                self.netchecks.want(now);
                self.start_netcheck(now);
            }
            RelayEvent::PeerGone { key } => {
                let Self { peers, wire, .. } = self;
                if let Some(peer) = peers.slot_of_key(&key).and_then(|slot| peers.get_mut(slot)) {
                    peer.note_gone(region, wire, now);
                }
            }
            RelayEvent::ForcedWebsocket => {
                if self.wire.relays.known().contains(&region) {
                    self.forced_websocket.insert(region, "the relay refused the DERP upgrade".into());
                    self.publish(now);
                }
            }
        }
    }

    /// Replaces the relay map.
    pub fn set_derp_map(&mut self, map: DerpMap, now: Instant) {
        let map = &map;
        self.wire.relays.set_map(map, &mut self.wire.outputs);
        self.home.set_map(map);
        self.forced_websocket.retain(|region, _| self.wire.relays.known().contains(region));
        self.netchecks.want_full(now);
        self.start_netcheck(now);
    }

    /// Applies the manifest's switches. The driver acts on `force_websockets` for new connections.
    pub fn set_relay_only(&mut self, block_endpoints: bool, force_websockets: bool, now: Instant) {
        self.config.force_websockets = force_websockets;
        self.wire.is_blocked = block_endpoints;
        if block_endpoints {
            self.peers.iter_mut().for_each(|peer| peer.path.reset());
        }
        self.refresh_endpoints(now);
    }

    /// Replaces our mesh addresses.
    pub fn set_addresses(&mut self, mut addresses: Vec<Ipv6Addr>, now: Instant) {
        addresses.truncate(MAX_OWN_ADDRESSES);
        self.config.addresses = addresses;
        self.publish(now);
    }

    /// The interface addresses with the ports of our UDP sockets, without loopback unless nothing else exists.
    pub fn handle_local_addresses(&mut self, addresses: Vec<SocketAddr>, now: Instant) {
        self.endpoints.set_local(addresses);
        self.refresh_endpoints(now);
    }

    /// A netcheck ended.
    pub fn handle_netcheck(&mut self, report: NetcheckReport, now: Instant) {
        self.netchecks.handle_done();
        self.endpoints.handle_stun(&report.stun, now);
        let has_relays = !report.relays.is_empty();
        let draw = self.wire.number();
        let home = self.home.choose(report.relays, self.wire.relays.known(), draw, now);
        if home != 0 {
            self.wire.relays.set_home(home, &mut self.wire.outputs, now);
        }
        self.refresh_endpoints(now);
        if !has_relays || self.peers.iter().any(|peer| peer.path.is_active(now)) {
            let jitter = Duration::from_millis(self.wire.number() % REFRESH_JITTER_MS);
            self.netchecks.want(now + REFRESH + jitter);
            self.wire.schedule(self.netchecks.next_timeout());
        }
    }

    fn refresh_endpoints(&mut self, now: Instant) {
        let endpoints = if self.wire.is_blocked { Vec::new() } else { self.endpoints.list() };
        let is_new = endpoints.iter().any(|endpoint| !self.wire.endpoints.contains(endpoint));
        self.wire.endpoints = endpoints;
        self.publish(now);
        if is_new {
            self.search_anew(now);
        }
    }

    /// Peers to which no trusted path leads hear at once where we are.
    fn search_anew(&mut self, now: Instant) {
        let Self { peers, wire, .. } = self;
        for peer in peers.iter_mut() {
            let probe = peer.path.search_anew(now);
            peer.send_probe(&probe, wire, now);
        }
        wire.schedule(now);
    }

    fn start_netcheck(&mut self, now: Instant) {
        if let Some(full) = self.netchecks.start(now) {
            self.wire.outputs.push(Output::Netcheck { full });
        }
        self.wire.schedule(self.netchecks.next_timeout());
    }

    /// The network changed or the machine woke up: distrust every path, tell every peer where we are and look again. The
    /// driver then also reports fresh local addresses.
    pub fn handle_network_changed(&mut self, now: Instant) {
        self.endpoints.forget_mapped();
        self.refresh_endpoints(now);
        self.peers.iter_mut().for_each(|peer| peer.note_moved(now));
        self.netchecks.want_full(now);
        self.start_netcheck(now);
        self.wire.schedule(now);
    }

    /// Whether a programmed peer holds this address.
    #[must_use]
    pub fn has_peer(&self, address: Ipv6Addr) -> bool {
        self.peers.slot_of_address(address).is_some()
    }

    /// Whether packets to the holder of this address go straight over UDP, and nowhere else.
    #[must_use]
    pub fn is_direct(&self, address: Ipv6Addr, now: Instant) -> bool {
        let peer = self.peers.slot_of_address(address).and_then(|slot| self.peers.get(slot));
        peer.is_some_and(|peer| !self.wire.is_blocked && peer.path.direct(now).is_some())
    }

    /// The time of [`Engine::poll_timeout`] came.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.wire.wake().is_none_or(|wake| now < wake) {
            return;
        }
        self.program_due(now);
        self.wire.clear_schedule();
        let Self { peers, wire, .. } = self;
        for peer in peers.iter_mut() {
            peer.handle_timeout(wire, now);
            wire.schedule(peer.next_timeout());
        }
        self.expire_pings(now);
        self.wire.relays.handle_timeout(&mut self.wire.outputs, now);
        self.start_netcheck(now);
        let others = [self.next_coordination_timeout(now), self.pings.next_timeout(), self.wire.relays.next_timeout()];
        others.into_iter().for_each(|at| self.wire.schedule(at));
    }

    /// When [`Engine::handle_timeout`] must be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.wire.wake()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.wire.outputs.pop()
    }

    /// Gives back the buffer of a [`Datagrams`] that was sent.
    pub fn recycle(&mut self, buffer: BytesMut) {
        self.wire.outputs.recycle(buffer);
    }

    /// What is going on.
    #[must_use]
    pub fn status(&self, now: Instant) -> EngineStatus {
        let latencies = self.home.latencies().iter();
        EngineStatus {
            peers: self.peers.iter().map(|peer| peer.status(&self.wire, now)).collect(),
            home_relay: self.home.region(),
            relay_latency: latencies.filter_map(|found| Some((found.region, home::fastest(found)?))).collect(),
            endpoints: self.wire.endpoints.clone(),
            udp_works: self.endpoints.udp_works,
            public_v4: self.endpoints.public_v4,
            public_v6: self.endpoints.public_v6,
            mapping_varies: self.endpoints.mapping_varies,
        }
    }
}
