//! A virtual internet in memory and in virtual time: engines as hosts, translators, relays with latency, STUN, a small
//! coordinator, and a wire that can be watched, cut and replayed. Days pass in milliseconds. Not here: real sockets
//! (`lab`).
//! Long because a world is one loop over its events, and every event has its arm in it.

mod coordinator;
mod nat;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use mesh::engine::{
    Engine, EngineConfig, NetcheckReport, Output, Path, PingKind, Pong, RelayEvent, RelayLatency, Role, StunAnswer,
};
use proto::derp_map::{DerpMap, Node, Region};
use proto::id::{AgentId, PeerId};
use proto::key::{DiscoPrivate, NodePrivate, NodePublic};
use proto::tailnet::CoordinateResponse;
use uuid::Uuid;

pub use coordinator::Coordinator;
pub use nat::{Nat, NatKind};

/// One way of a datagram.
const UDP_LATENCY: Duration = Duration::from_millis(10);
/// One way of a message to the coordinator or from it.
const CONTROL_LATENCY: Duration = Duration::from_millis(20);
/// A netcheck takes so long.
const NETCHECK_TIME: Duration = Duration::from_millis(100);
/// Connecting to a relay takes so long.
const CONNECT_TIME: Duration = Duration::from_millis(50);
/// A machine that was moved says so after this: network managers speak in bursts, which are waited for.
const NOTICE_TIME: Duration = Duration::from_millis(300);
/// Relay connections are found dead this much later.
const DEATH_TIME: Duration = Duration::from_millis(600);
const STUN_SERVERS: [([u8; 4], u16); 2] = [([203, 0, 113, 1], 3478), ([203, 0, 113, 2], 3478)];
const STUN_SERVERS_V6: [([u16; 8], u16); 2] =
    [([0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 1], 3478), ([0x2001, 0xdb8, 0xff, 0, 0, 0, 0, 2], 3478)];
/// The UDP port of every host.
pub const PORT: u16 = 41641;

/// What the internet of a world speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Families {
    #[default]
    V4,
    V6,
    Dual,
}

impl Families {
    pub const ALL: [Self; 3] = [Self::V4, Self::V6, Self::Dual];

    fn speaks(self, to: SocketAddr) -> bool {
        match self {
            Self::V4 => to.is_ipv4(),
            Self::V6 => to.is_ipv6(),
            Self::Dual => true,
        }
    }
}

/// One host.
pub struct Host {
    pub id: PeerId,
    pub engine: Engine,
    pub key: NodePublic,
    pub address: Ipv6Addr,
    /// Translator of IPv4.
    pub nat: Nat,
    /// Translator of IPv6, of the same kind.
    nat_v6: Nat,
    /// Sockets, IPv4 and IPv6.
    private: [SocketAddr; 2],
    /// What its home speaks.
    families: Families,
    /// It sleeps: no timer, and nothing arrives.
    pub is_asleep: bool,
    /// Its relay connections are dead, which nobody has noticed yet.
    are_relays_dead: bool,
    /// No datagram in or out.
    pub is_udp_blocked: bool,
    /// No word to or from the coordinator.
    pub is_control_cut: bool,
    /// Latency of each relay region, one way; absent means unreachable.
    pub relays: BTreeMap<i32, Duration>,
    connected: BTreeSet<i32>,
    /// How long a connection to a relay takes.
    pub connect_time: Duration,
    /// Home as last asked for by the engine.
    pub home: i32,
    /// Inner packets that came out.
    pub received: Vec<Vec<u8>>,
    /// Answers of pings.
    pub pongs: BTreeMap<u64, Option<Pong>>,
    /// Netchecks that were asked for.
    pub netchecks: usize,
}

impl Host {
    fn hears(&self) -> bool {
        !self.is_udp_blocked && !self.is_asleep
    }

    /// Sends through the translator of this family: from which address is it seen?
    fn outbound(&mut self, to: SocketAddr) -> SocketAddr {
        let [v4, v6] = self.private;
        if to.is_ipv4() { self.nat.outbound(v4, to) } else { self.nat_v6.outbound(v6, to) }
    }

    fn takes(&self, from: SocketAddr, to: SocketAddr) -> bool {
        let ([v4, v6], is_v4) = (self.private, to.is_ipv4());
        let (nat, socket) = if is_v4 { (&self.nat, v4) } else { (&self.nat_v6, v6) };
        nat.inbound(from, to, socket) == Some(socket)
    }
}

/// Something on its way.
#[derive(Debug, Clone)]
enum Event {
    Udp {
        from: SocketAddr,
        to: SocketAddr,
        data: Vec<u8>,
    },
    Relay {
        region: i32,
        from: NodePublic,
        to: NodePublic,
        data: Vec<u8>,
    },
    Connected {
        host: usize,
        region: i32,
    },
    Netcheck {
        host: usize,
        report: NetcheckReport,
    },
    Response {
        host: usize,
        response: CoordinateResponse,
    },
    Request {
        host: usize,
        request: Box<proto::tailnet::CoordinateRequest>,
    },
    /// The machine learns that it is elsewhere.
    Moved {
        host: usize,
    },
    /// It learns that its relay connections are dead.
    RelaysDied {
        host: usize,
    },
}

/// A packet that was seen on the wire.
#[derive(Debug, Clone)]
pub enum Seen {
    Udp { from: SocketAddr, to: SocketAddr, data: Vec<u8> },
    Relay { region: i32, from: NodePublic, to: NodePublic, data: Vec<u8> },
}

/// See the module.
pub struct World {
    pub now: Instant,
    started: Instant,
    pub hosts: Vec<Host>,
    pub coordinator: Coordinator,
    events: BTreeMap<(Instant, u64), Event>,
    sequence: u64,
    /// Everything that was sent since the last `clear`.
    pub seen: Vec<Seen>,
    /// What the internet speaks.
    pub families: Families,
    /// The sabotage: disco over UDP gets lost, so that nobody can prove a direct path.
    pub loses_disco: bool,
}

impl Default for World {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            now,
            started: now,
            hosts: Vec::new(),
            coordinator: Coordinator::default(),
            events: BTreeMap::new(),
            sequence: 0,
            seen: Vec::new(),
            families: Families::default(),
            loses_disco: false,
        }
    }
}

/// The relay map of every world: regions 1, 2 and 3.
pub fn derp_map() -> DerpMap {
    let region = |id: i32| {
        let node = Node { name: format!("{id}a"), region_id: id, host_name: "relay".into(), ..Default::default() };
        (id, Region { region_id: id, nodes: vec![node], ..Default::default() })
    };
    DerpMap { regions: [1, 2, 3].into_iter().map(region).collect(), ..Default::default() }
}

impl World {
    /// Adds a host with its own address `10.0.<n>.2` behind a translator with `198.51.100.<n>`.
    pub fn add(&mut self, role: Role, kind: NatKind) -> usize {
        let number = u8::try_from(self.hosts.len() + 1).expect("few hosts");
        self.add_with_key(role, kind, NodePrivate::from_bytes([number; 32]))
    }

    pub fn add_with_key(&mut self, role: Role, kind: NatKind, node_key: NodePrivate) -> usize {
        let number = u8::try_from(self.hosts.len() + 1).expect("few hosts");
        let id = AgentId(Uuid::from_bytes([number; 16]));
        let addresses: Vec<Ipv6Addr> = proto::address::of_agent(id.0).to_vec();
        let address = addresses[1];
        let key = node_key.public();
        let config = EngineConfig {
            node_key,
            disco_key: DiscoPrivate::from_bytes([number + 100; 32]),
            node_id: i64::from(number),
            addresses,
            role,
            block_endpoints: false,
            force_websockets: false,
            seed: [number; 32],
        };
        let engine = Engine::new(config, self.now, SystemTime::UNIX_EPOCH);
        let public = IpAddr::V4(Ipv4Addr::new(198, 51, 100, number));
        let public_v6 = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, number.into(), 0, 0, 0, 0, 1));
        let private = match kind {
            NatKind::Public => [public, public_v6].map(|ip| SocketAddr::new(ip, PORT)),
            _ => [
                SocketAddr::from(([10, 0, number, 2], PORT)),
                SocketAddr::from(([0xfd00, 0, 0, number.into(), 0, 0, 0, 2], PORT)),
            ],
        };
        self.hosts.push(Host {
            id: id.into(),
            engine,
            key,
            address,
            nat: Nat::new(kind, public),
            nat_v6: Nat::new(kind, public_v6),
            private,
            families: self.families,
            is_asleep: false,
            are_relays_dead: false,
            is_udp_blocked: false,
            is_control_cut: false,
            relays: [(1, 15), (2, 60), (3, 90)].map(|(id, ms)| (id, Duration::from_millis(ms))).into(),
            connected: BTreeSet::new(),
            connect_time: CONNECT_TIME,
            home: 0,
            received: Vec::new(),
            pongs: BTreeMap::new(),
            netchecks: 0,
        });
        self.hosts.len() - 1
    }

    /// Gives the host its relay map, interface addresses and coordination.
    pub fn start(&mut self, host: usize) {
        let now = self.now;
        self.report_addresses(host);
        let engine = &mut self.hosts[host].engine;
        engine.set_derp_map(derp_map(), now);
        engine.handle_coordination_started(now);
        self.drain(host);
    }

    fn report_addresses(&mut self, host: usize) {
        let (now, Host { private, families, .. }) = (self.now, &self.hosts[host]);
        let local = private.iter().copied().filter(|socket| families.speaks(*socket)).collect();
        self.hosts[host].engine.handle_local_addresses(local, now);
    }

    /// Plugs a host in elsewhere, at home number `place`: other addresses, perhaps other families. What was on its way to
    /// it is lost, and so are its relay connections, which it learns later than that it has moved.
    pub fn move_host(&mut self, host: usize, families: Families, place: u8) {
        let it = &mut self.hosts[host];
        it.nat.move_to(IpAddr::V4(Ipv4Addr::new(192, 0, 2, place)));
        it.nat_v6.move_to(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x77, place.into(), 0, 0, 0, 1)));
        it.private = [
            SocketAddr::from(([10, 7, place, 2], PORT)),
            SocketAddr::from(([0xfd00, 0, 7, place.into(), 0, 0, 0, 2], PORT)),
        ];
        (it.families, it.are_relays_dead) = (families, true);
        self.later(NOTICE_TIME, Event::Moved { host });
        self.later(NOTICE_TIME + DEATH_TIME, Event::RelaysDied { host });
    }

    /// The machine sleeps for so long while everybody else goes on; then it learns of it.
    pub fn sleep(&mut self, host: usize, time: Duration) {
        self.hosts[host].is_asleep = true;
        self.hosts[host].are_relays_dead = true;
        self.run(time);
        self.hosts[host].is_asleep = false;
        self.later(Duration::ZERO, Event::Moved { host });
        self.later(DEATH_TIME, Event::RelaysDied { host });
    }

    /// A client and an agent with a tunnel, both started.
    pub fn pair(client: NatKind, agent: NatKind) -> Self {
        Self::pair_in(Families::V4, client, agent)
    }

    /// The same in an internet that speaks something else.
    pub fn pair_in(families: Families, client: NatKind, agent: NatKind) -> Self {
        let mut world = Self { families, ..Self::default() };
        world.add(Role::Client, client);
        world.add(Role::Agent, agent);
        world.start_pair();
        world
    }

    /// Starts hosts 0 and 1 and opens the tunnel from 0 to 1.
    pub fn start_pair(&mut self) {
        self.start(0);
        self.start(1);
        let (to, now) = (self.hosts[1].id, self.now);
        self.act(0, |engine| engine.add_tunnel(to, now));
    }

    /// Does something to an engine, then carries out what it wants.
    pub fn act<T>(&mut self, host: usize, act: impl FnOnce(&mut Engine) -> T) -> T {
        let result = act(&mut self.hosts[host].engine);
        self.drain(host);
        result
    }

    /// Sends an inner UDP packet with this text.
    pub fn send(&mut self, from: usize, to: usize, text: &str) {
        let packet = inner(self.hosts[from].address, self.hosts[to].address, text);
        let now = self.now;
        self.act(from, |engine| engine.handle_inner(&packet, now));
    }

    /// Sends one packet each way every 100 ms for so long, and returns how many of them came through.
    pub fn chat(&mut self, a: usize, b: usize, time: Duration) -> (usize, usize) {
        let before = (self.hosts[a].received.len(), self.hosts[b].received.len());
        let end = self.now + time;
        while self.now < end {
            self.send(a, b, "to the agent");
            self.send(b, a, "to the client");
            self.run(Duration::from_millis(100));
        }
        (self.hosts[a].received.len() - before.0, self.hosts[b].received.len() - before.1)
    }

    /// Starts a ping and runs until it is answered or given up.
    pub fn ping(&mut self, from: usize, to: usize, kind: PingKind) -> Option<Pong> {
        let (address, now) = (self.hosts[to].address, self.now);
        let token = self.sequence;
        self.act(from, |engine| engine.start_ping(address, kind, token, now));
        for _ in 0..1100 {
            if let Some(pong) = self.hosts[from].pongs.remove(&token) {
                return pong;
            }
            self.run(Duration::from_millis(10));
        }
        panic!("a ping must end");
    }

    /// The path from one host to another as the first one sees it.
    pub fn path(&self, from: usize, to: usize) -> Path {
        let status = self.hosts[from].engine.status(self.now);
        status.peers.iter().find(|peer| peer.id == self.hosts[to].id).map_or(Path::None, |peer| peer.path)
    }

    pub fn is_direct(&self, from: usize, to: usize) -> bool {
        matches!(self.path(from, to), Path::Direct(_))
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let event = self.events.keys().next().map(|(at, _)| *at);
            let awake = self.hosts.iter().filter(|host| !host.is_asleep);
            let timers = awake.filter_map(|host| host.engine.poll_timeout()).min();
            let Some(next) = [event, timers].into_iter().flatten().min().filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let event = entry.remove();
                self.deliver(event);
            }
            for host in 0..self.hosts.len() {
                let now = self.now;
                if !self.hosts[host].is_asleep && self.hosts[host].engine.poll_timeout().is_some_and(|at| at <= now) {
                    self.act(host, |engine| engine.handle_timeout(now));
                    let next = self.hosts[host].engine.poll_timeout();
                    assert!(next.is_none_or(|at| at > now), "a timer that does not move is a busy loop");
                }
            }
        }
        self.now = end;
    }

    /// Puts a packet on the wire, as an attacker may.
    pub fn inject(&mut self, packet: Seen) {
        let event = match packet {
            Seen::Udp { from, to, data } => Event::Udp { from, to, data },
            Seen::Relay { region, from, to, data } => Event::Relay { region, from, to, data },
        };
        self.later(Duration::ZERO, event);
    }

    /// The coordinator's stream of this host breaks.
    pub fn cut_control(&mut self, host: usize, tell: Option<proto::tailnet::PeerUpdateKind>) {
        let (id, now) = (self.hosts[host].id, self.now);
        self.hosts[host].is_control_cut = true;
        self.act(host, |engine| engine.handle_coordination_ended(now));
        if let Some(kind) = tell {
            let news = self.coordinator.leave(id, kind);
            self.tell(news);
        }
    }

    /// A fresh stream for this host.
    pub fn restore_control(&mut self, host: usize) {
        self.hosts[host].is_control_cut = false;
        let now = self.now;
        self.act(host, |engine| engine.handle_coordination_started(now));
        let news = self.coordinator.welcome(self.hosts[host].id);
        self.tell(news);
    }

    /// Relay connections of this host break and come back when the region is reachable.
    pub fn cut_relays(&mut self, host: usize) {
        let (now, connect_time) = (self.now, self.hosts[host].connect_time);
        for region in std::mem::take(&mut self.hosts[host].connected) {
            self.act(host, |engine| engine.handle_relay_event(region, RelayEvent::Disconnected, now));
            self.later(connect_time, Event::Connected { host, region });
        }
    }

    fn later(&mut self, delay: Duration, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now + delay, self.sequence), event);
    }

    fn tell(&mut self, news: Vec<(PeerId, CoordinateResponse)>) {
        for (to, response) in news {
            if let Some(host) = self.hosts.iter().position(|host| host.id == to) {
                self.later(CONTROL_LATENCY, Event::Response { host, response });
            }
        }
    }

    fn drain(&mut self, host: usize) {
        while let Some(output) = self.hosts[host].engine.poll_output() {
            match output {
                Output::Udp(batch) => {
                    assert!(batch.data.len() <= mesh::engine::MAX_BATCH);
                    for datagram in batch.iter() {
                        self.send_udp(host, batch.to, datagram.to_vec());
                    }
                    self.hosts[host].engine.recycle(batch.data);
                }
                Output::Relay { region, to, data } => self.send_relay(host, region, to, data.to_vec()),
                Output::Inner(packet) => self.hosts[host].received.push(packet.to_vec()),
                Output::Coordinate(request) => {
                    self.later(CONTROL_LATENCY, Event::Request { host, request });
                }
                Output::Pinged { token, pong } => {
                    self.hosts[host].pongs.insert(token, pong);
                }
                Output::ConnectRelay { region, home } => {
                    if home {
                        self.hosts[host].home = region;
                    }
                    if !self.hosts[host].connected.contains(&region) {
                        self.later(self.hosts[host].connect_time, Event::Connected { host, region });
                    }
                }
                Output::CloseRelay { region } => {
                    self.hosts[host].connected.remove(&region);
                }
                Output::Netcheck { .. } => {
                    self.hosts[host].netchecks += 1;
                    let report = self.netcheck(host);
                    self.later(NETCHECK_TIME, Event::Netcheck { host, report });
                }
            }
        }
    }

    fn netcheck(&mut self, host: usize) -> NetcheckReport {
        let host = &mut self.hosts[host];
        let families = host.families;
        let relays = host.relays.iter();
        let relays = relays.map(|(region, one_way)| RelayLatency { region: *region, v4: Some(*one_way * 2), v6: None });
        let mut report = NetcheckReport { stun: Vec::new(), relays: relays.collect() };
        if !host.is_udp_blocked {
            let servers = STUN_SERVERS.map(SocketAddr::from).into_iter().chain(STUN_SERVERS_V6.map(SocketAddr::from));
            for server in servers.filter(|server| families.speaks(*server)) {
                let mapped = host.outbound(server);
                report.stun.push(StunAnswer { region: 1, server, mapped, latency: UDP_LATENCY * 2 });
            }
        }
        report
    }

    fn send_udp(&mut self, host: usize, to: SocketAddr, data: Vec<u8>) {
        let host = &mut self.hosts[host];
        if host.is_udp_blocked || !host.families.speaks(to) {
            return;
        }
        let from = host.outbound(to);
        self.seen.push(Seen::Udp { from, to, data: data.clone() });
        if self.loses_disco && data.starts_with(&proto::disco::MAGIC) {
            return;
        }
        self.later(UDP_LATENCY, Event::Udp { from, to, data });
    }

    fn send_relay(&mut self, host: usize, region: i32, to: NodePublic, data: Vec<u8>) {
        let host = &self.hosts[host];
        assert!(host.connected.contains(&region), "packets for a relay wait until it is connected");
        let Some(latency) = host.relays.get(&region).copied().filter(|_| !host.are_relays_dead) else { return };
        let from = host.key;
        self.seen.push(Seen::Relay { region, from, to, data: data.clone() });
        self.later(latency, Event::Relay { region, from, to, data });
    }

    fn deliver(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Udp { from, to, mut data } => {
                let found = self
                    .hosts
                    .iter()
                    .enumerate()
                    .find_map(|(index, host)| (host.hears() && host.takes(from, to)).then_some(index));
                if let Some(host) = found {
                    self.act(host, |engine| engine.handle_udp(from, &mut data, now));
                }
            }
            Event::Relay { region, from, to, mut data } => {
                let found = self.hosts.iter().position(|host| host.key == to && host.connected.contains(&region));
                if let Some(host) = found {
                    // The relay does not know yet either.
                    if self.hosts[host].is_asleep || self.hosts[host].are_relays_dead {
                        return;
                    }
                    self.act(host, |engine| engine.handle_relay(region, from, &mut data, now));
                } else if let Some(sender) = self.hosts.iter().position(|host| host.key == from) {
                    let gone = RelayEvent::PeerGone { key: to };
                    self.act(sender, |engine| engine.handle_relay_event(region, gone, now));
                }
            }
            Event::Connected { host, region } => {
                if self.hosts[host].relays.contains_key(&region) {
                    self.hosts[host].connected.insert(region);
                    self.act(host, |engine| engine.handle_relay_event(region, RelayEvent::Connected, now));
                }
            }
            Event::Moved { host } => {
                self.act(host, |engine| engine.handle_network_changed(now));
                self.report_addresses(host);
                self.drain(host);
            }
            Event::RelaysDied { host } => {
                self.hosts[host].are_relays_dead = false;
                self.cut_relays(host);
            }
            Event::Netcheck { host, report } => self.act(host, |engine| engine.handle_netcheck(report, now)),
            Event::Response { host, response } => {
                if !self.hosts[host].is_control_cut && !self.hosts[host].is_asleep {
                    self.act(host, |engine| engine.handle_coordination(response, now));
                }
            }
            Event::Request { host, request } => {
                if !self.hosts[host].is_control_cut {
                    let news = self.coordinator.handle(self.hosts[host].id, *request);
                    self.tell(news);
                }
            }
        }
    }

    /// Virtual time since the world began.
    pub fn elapsed(&self) -> Duration {
        self.now - self.started
    }
}

/// An inner UDP packet.
pub fn inner(from: Ipv6Addr, to: Ipv6Addr, text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len() + 8).expect("short").to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, length[0], length[1], 17, 64];
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    packet.extend_from_slice(&[0, 1, 0, 2, length[0], length[1], 0, 0]);
    packet.extend_from_slice(text.as_bytes());
    packet
}
