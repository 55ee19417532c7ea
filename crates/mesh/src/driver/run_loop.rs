//! The task that owns the engine: waits for anything to happen, tells engine and stack, carries out what they want.
//!
//! One turn moves one batch each way, so that neither direction starves and the sockets are emptied often; packets
//! between engine and stack are copied out from under the lock before they are encrypted.
//! Long because the loop is one closed enum and one match, and every arm stands beside the others.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use proto::address::is_mesh;
use proto::derp_map::DerpMap;
use proto::stun;
use proto::tailnet::{CoordinateRequest, CoordinateResponse};
use tokio::sync::{mpsc, oneshot};

use super::arrival::Arrival;
use super::command::{Command, FromRelay, RelayNews};
use super::config::MeshConfig;
use super::device::DeviceEnds;
use super::dial::Dialer;
use super::farewell::{Farewell, Step};
use super::relay::{Relay, RelayIdentity, ToRelay};
use super::splice::{self, UdpSplice};
use super::status::{FlowTotals, MeshStatus};
use super::stun_client::StunClient;
use super::tcp::TcpStream;
use super::udp::Sockets;
use super::under_lock::Shared;
use super::{clock, netcheck};
use crate::engine::{Engine, EngineConfig, Output, Pong, RelayEvent};
use crate::stack::{self, Event};

/// Packets of relays that wait for the loop, of all regions together.
const RELAY_QUEUE: usize = 1024;
/// Of these in one turn.
const RELAY_BATCH: usize = 64;
/// Turns without a rest when there is always more to do; then other tasks of the runtime have theirs.
const TURNS: usize = 64;
/// A sleep from which paths are distrusted: shorter ones outlive every mapping and connection.
const SLEEP: Duration = Duration::from_secs(2);
/// Answers of one netcheck that may wait.
const STUN_QUEUE: usize = 64;

/// See the module.
pub struct RunLoop {
    engine: Engine,
    shared: Arc<Shared>,
    /// Where inner packets go instead of the stack.
    device: Option<DeviceEnds>,
    /// The program's runtime: relays, netchecks and splices.
    tasks: tokio::runtime::Handle,
    sockets: Sockets,
    derp_map: DerpMap,
    commands: mpsc::WeakUnboundedSender<Command>,
    inbox: mpsc::UnboundedReceiver<Command>,
    identity: RelayIdentity,
    relays: HashMap<i32, Relay>,
    /// Of this machine, as the engine knows them.
    addresses: Vec<SocketAddr>,
    /// Regions whose last attempt failed, and why.
    relay_problems: BTreeMap<i32, String>,
    relay_news: mpsc::Sender<FromRelay>,
    relay_inbox: mpsc::Receiver<FromRelay>,
    relay_batch: Vec<FromRelay>,
    coordination: Option<CoordinationEnds>,
    pings: HashMap<u64, oneshot::Sender<Option<Pong>>>,
    next_ping: u64,
    stun: StunClient,
    /// A netcheck was wanted while one was running, which may have looked at an older map.
    wants_netcheck: bool,
    udp_splice: UdpSplice,
    flows: FlowTotals,
    /// Decrypted packets on their way to the stack.
    inward: Vec<BytesMut>,
    /// Packets of the stack on their way to the engine, back to back, and their ends.
    outward: Vec<u8>,
    outward_ends: Vec<usize>,
    scratch: BytesMut,
    farewell: Farewell,
    /// Who wants to know that the loop has ended.
    left: Option<oneshot::Sender<()>>,
    /// How long the machine had slept when that was last looked at.
    slept: Duration,
    /// The netcheck that is running.
    netcheck: Option<tokio::task::AbortHandle>,
}

struct CoordinationEnds {
    requests: mpsc::Sender<CoordinateRequest>,
    responses: mpsc::Receiver<CoordinateResponse>,
}

/// What woke the loop.
enum Wake {
    Command(Option<Command>),
    Coordination(Option<CoordinateResponse>),
    Relay,
    /// Sockets, the stack, a timer, or unfinished work: all are looked at in every turn.
    Turn,
}

impl RunLoop {
    /// Called in the program's runtime, where the tasks around the loop will run.
    pub fn new(
        config: MeshConfig,
        sockets: Sockets,
        shared: Arc<Shared>,
        commands: mpsc::WeakUnboundedSender<Command>,
        inbox: mpsc::UnboundedReceiver<Command>,
        device: Option<DeviceEnds>,
    ) -> io::Result<Self> {
        let identity = RelayIdentity {
            node_key: config.node_key.clone(),
            headers: config.relay_headers,
            dialer: Arc::new(Dialer::new(config.relay_transport)),
            force_websockets: Arc::new(AtomicBool::new(config.force_websockets)),
        };
        let engine_config = EngineConfig {
            node_key: config.node_key,
            disco_key: config.disco_key,
            node_id: config.node_id,
            addresses: config.addresses,
            role: config.role,
            block_endpoints: config.block_endpoints,
            force_websockets: config.force_websockets,
            seed: clock::random()?,
        };
        let engine = Engine::new(engine_config, clock::now(), clock::wall());
        let (relay_news, relay_inbox) = mpsc::channel(RELAY_QUEUE);
        Ok(Self {
            engine,
            shared,
            device,
            tasks: tokio::runtime::Handle::current(),
            sockets,
            derp_map: config.derp_map,
            commands,
            inbox,
            identity,
            relays: HashMap::new(),
            addresses: Vec::new(),
            relay_problems: BTreeMap::new(),
            relay_news,
            relay_inbox,
            relay_batch: Vec::with_capacity(RELAY_BATCH),
            coordination: None,
            pings: HashMap::new(),
            next_ping: 0,
            stun: StunClient::default(),
            wants_netcheck: false,
            udp_splice: UdpSplice::default(),
            flows: FlowTotals::default(),
            inward: Vec::new(),
            outward: Vec::new(),
            outward_ends: Vec::new(),
            scratch: BytesMut::new(),
            farewell: Farewell::default(),
            left: None,
            slept: clock::slept(),
            netcheck: None,
        })
    }

    /// Runs until the last handle is gone or [`Command::Shutdown`] came.
    pub async fn run(mut self) {
        let now = clock::now();
        self.engine.set_derp_map(self.derp_map.clone(), now);
        self.report_addresses(now);
        let mut busy = true;
        let mut turns = 0;
        loop {
            match self.wait(busy).await {
                Wake::Command(None) => break,
                Wake::Command(Some(command)) => self.handle_command(command),
                Wake::Coordination(response) => self.handle_coordination(response),
                Wake::Relay => self.handle_relays(),
                Wake::Turn => {}
            }
            let now = clock::now();
            self.look_for_sleep(now);
            busy = self.turn(now);
            if self.has_left(now) {
                break;
            }
            turns = if busy { turns + 1 } else { 0 };
            if turns >= TURNS {
                turns = 0;
                tokio::task::yield_now().await;
            }
        }
        self.shared.stop();
    }

    async fn wait(&mut self, busy: bool) -> Wake {
        let timeout = [self.engine.poll_timeout(), self.shared.lock().stack.poll_timeout(), self.farewell.deadline()];
        let timeout = timeout.into_iter().flatten().min();
        let timer = async {
            match timeout {
                _ if busy => {}
                Some(at) => tokio::time::sleep_until(clock::for_runtime(at)).await,
                None => std::future::pending().await,
            }
        };
        let coordination = async {
            match &mut self.coordination {
                Some(ends) => ends.responses.recv().await,
                None => std::future::pending().await,
            }
        };
        let is_full = self.sockets.is_full();
        let device = async {
            match &mut self.device {
                Some(ends) if !is_full => ends.ready().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            command = self.inbox.recv() => Wake::Command(command),
            response = coordination => Wake::Coordination(response),
            _ = self.relay_inbox.recv_many(&mut self.relay_batch, RELAY_BATCH) => Wake::Relay,
            () = timer => Wake::Turn,
            () = self.shared.kick.notified() => Wake::Turn,
            () = device => Wake::Turn,
            _ = self.sockets.ready() => Wake::Turn,
        }
    }

    /// Moves one batch each way. True when there is more to move.
    fn turn(&mut self, now: Instant) -> bool {
        self.sockets.flush();
        let received = self.receive(now);
        if self.engine.poll_timeout().is_some_and(|at| at <= now) {
            self.engine.handle_timeout(now);
        }
        self.carry_out(now);
        let more = self.exchange(now);
        self.carry_out(now);
        // What the last outputs decrypted goes to the stack in the next turn.
        received || more || !self.inward.is_empty()
    }

    fn receive(&mut self, now: Instant) -> bool {
        let (engine, stun_client) = (&mut self.engine, &mut self.stun);
        self.sockets.receive(|from, datagram| {
            if stun::is_stun(datagram) {
                stun_client.hear(datagram, now);
            } else {
                engine.handle_udp(from, datagram, now);
            }
        })
    }

    /// Carries out everything that the engine wants.
    fn carry_out(&mut self, now: Instant) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Udp(datagrams) => {
                    if let Some(sent) = self.sockets.send(datagrams) {
                        self.engine.recycle(sent.data);
                    }
                }
                Output::Relay { region, to, data } => {
                    if let Some(relay) = self.relays.get(&region) {
                        relay.tell(ToRelay::Send { to, data });
                    }
                }
                Output::Inner(packet) => self.inward.push(packet),
                Output::Coordinate(request) => self.coordinate(*request, now),
                Output::Pinged { token, pong } => {
                    if let Some(reply) = self.pings.remove(&token) {
                        let _ = reply.send(pong);
                    }
                }
                Output::ConnectRelay { region, home } => self.connect_relay(region, home),
                Output::CloseRelay { region } => {
                    self.relays.remove(&region);
                    self.relay_problems.remove(&region);
                }
                Output::Netcheck { full } => self.start_netcheck(full, now),
            }
        }
    }

    /// Gives the device or the stack what arrived, and the engine what they send. True when there is more.
    fn exchange(&mut self, now: Instant) -> bool {
        if self.device.is_some() { self.exchange_with_device(now) } else { self.exchange_with_stack(now) }
    }

    fn exchange_with_device(&mut self, now: Instant) -> bool {
        let Some(ends) = &mut self.device else { return false };
        if !self.inward.is_empty() {
            self.flows.received_packets += self.inward.len() as u64;
            self.flows.received_bytes += self.inward.iter().map(|packet| packet.len() as u64).sum::<u64>();
            ends.device.deliver(&mut self.inward);
            self.inward.clear();
        }
        if self.sockets.is_full() {
            return false;
        }
        let Some(batch) = ends.take() else { return false };
        self.flows.sent_packets += batch.ends.len() as u64;
        self.flows.sent_bytes += batch.bytes.len() as u64;
        for packet in batch.iter() {
            self.engine.handle_inner(packet, now);
        }
        ends.give_back(batch);
        true
    }

    fn exchange_with_stack(&mut self, now: Instant) -> bool {
        let mut net = self.shared.lock();
        let mut last = None;
        for packet in self.inward.drain(..) {
            if let Some(from) = stack::source(&packet).filter(|from| last.replace(*from) != Some(*from)) {
                net.stack.set_relayed(from, !self.engine.is_direct(from, now));
            }
            self.flows.received_packets += 1;
            self.flows.received_bytes += packet.len() as u64;
            net.stack.handle_packet(&packet, now);
        }
        let full = self.sockets.is_full();
        let mut more = false;
        if !full {
            let (bytes, ends) = (&mut self.outward, &mut self.outward_ends);
            more = net.stack.poll(now, &mut |packet| {
                bytes.extend_from_slice(packet);
                ends.push(bytes.len());
            });
        }
        let mut events = Vec::new();
        let mut wakers = Vec::new();
        while let Some(event) = net.stack.poll_event() {
            match event {
                Event::Readable(id) => wakers.extend(net.waiting.get_mut(&id).and_then(|waiting| waiting.read.take())),
                Event::Writable(id) => wakers.extend(net.waiting.get_mut(&id).and_then(|waiting| waiting.write.take())),
                Event::UdpReadable(id) => wakers.extend(net.waiting_udp.remove(&id).into_iter().flatten()),
                Event::Accepted { port, flow } => {
                    let (Some((local, remote)), listener) = (net.stack.ends(flow), net.listeners.get(&port).cloned())
                    else {
                        continue;
                    };
                    events.push(Arrival::Accepted { listener, flow, local, remote });
                }
                Event::Asked { ask, local, remote } => events.push(Arrival::Asked { ask, local, remote }),
                Event::Stray { local, remote, data } => events.push(Arrival::Stray { local, remote, data }),
            }
        }
        drop(net);
        wakers.into_iter().for_each(std::task::Waker::wake);
        events.into_iter().for_each(|arrival| self.receive_arrival(arrival));
        let mut start = 0;
        self.flows.sent_packets += self.outward_ends.len() as u64;
        for end in self.outward_ends.drain(..) {
            self.engine.handle_inner(&self.outward[start..end], now);
            start = end;
        }
        self.flows.sent_bytes += self.outward.len() as u64;
        self.outward.clear();
        more
    }

    fn receive_arrival(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Accepted { listener, flow, local, remote } => {
                let stream = TcpStream::new(self.shared.clone(), flow, local, remote);
                // A full backlog, or a listener that just went, drops the stream, which resets it.
                if let Some(listener) = listener {
                    let _ = listener.try_send(stream);
                }
            }
            Arrival::Asked { ask, local, remote } => splice::tcp(&self.tasks, self.shared.clone(), ask, local, remote),
            Arrival::Stray { local, remote, data } => {
                self.udp_splice.forward(&self.tasks, &self.shared, local, remote, data)
            }
        }
    }

    fn handle_relays(&mut self) {
        let now = clock::now();
        for FromRelay { region, news } in self.relay_batch.drain(..) {
            match news {
                RelayNews::Event(event) => {
                    if event == RelayEvent::Connected {
                        self.relay_problems.remove(&region);
                    }
                    self.engine.handle_relay_event(region, event, now);
                }
                RelayNews::Problem(problem) => {
                    if self.relay_problems.get(&region) != Some(&problem) {
                        tracing::warn!(region, %problem, "a relay cannot be reached");
                    }
                    self.relay_problems.insert(region, problem);
                }
                RelayNews::Packet { from, data } => {
                    self.scratch.clear();
                    self.scratch.extend_from_slice(&data);
                    self.engine.handle_relay(region, from, &mut self.scratch, now);
                }
            }
        }
    }

    fn handle_command(&mut self, command: Command) {
        let now = clock::now();
        match command {
            Command::SetDerpMap(map) => {
                self.derp_map = map.clone();
                self.replace_relays(now);
                self.engine.set_derp_map(map, now);
            }
            Command::SetAddresses(addresses) => {
                self.shared.lock().stack.set_addresses(addresses.clone());
                self.engine.set_addresses(addresses, now);
            }
            Command::SetRelayOnly { block_endpoints, force_websockets } => {
                self.identity.force_websockets.store(force_websockets, Ordering::Relaxed);
                self.engine.set_relay_only(block_endpoints, force_websockets, now);
            }
            Command::Coordinate { requests, responses } => {
                if self.coordination.take().is_some() {
                    self.engine.handle_coordination_ended(now);
                }
                self.coordination = Some(CoordinationEnds { requests, responses });
                self.farewell.take_back();
                self.engine.handle_coordination_started(now);
            }
            Command::AddTunnel(peer) => self.engine.add_tunnel(peer, now),
            Command::RemoveTunnel(peer) => {
                self.engine.remove_tunnel(peer, now);
                self.forget_strangers();
            }
            Command::Disconnect => self.farewell.ask(false, now),
            Command::Ping { address, kind, reply } => {
                self.next_ping += 1;
                self.pings.insert(self.next_ping, reply);
                self.engine.start_ping(address, kind, self.next_ping, now);
            }
            Command::HasPeer { address, reply } => {
                let _ = reply.send(self.engine.has_peer(address));
            }
            Command::Status { reply } => {
                let (tcp_connections, tcp_ports) = {
                    let stack = &self.shared.lock().stack;
                    (stack.connections() as u64, stack.connections_by_port())
                };
                let flows = FlowTotals { tcp_connections, ..self.flows };
                let status = MeshStatus::of(self.engine.status(now), flows, self.relay_problems.clone());
                let _ = reply.send(MeshStatus { tcp_ports, ..status });
            }
            Command::NetworkChanged => self.distrust_network(false, now),
            Command::Stun { region, server, tx_id } => {
                let request = self.stun.ask(region, server, tx_id, now);
                self.sockets.send_one(server, &request);
            }
            Command::Netcheck { report, last } => {
                self.engine.handle_netcheck(report, now);
                if last {
                    self.netcheck = None;
                    self.stun.rest();
                    if std::mem::take(&mut self.wants_netcheck) {
                        self.start_netcheck(true, now);
                    }
                }
            }
            Command::Shutdown { reply } => {
                self.left = Some(reply);
                self.farewell.ask(true, now);
            }
        }
    }

    /// Nobody need tell us of a sleep: this loop is awake every second while any session lives.
    fn look_for_sleep(&mut self, now: Instant) {
        let slept = clock::slept();
        let before = std::mem::replace(&mut self.slept, slept);
        if slept >= before + SLEEP {
            tracing::info!(seconds = (slept - before).as_secs(), "the machine slept; every path is looked at again");
            self.distrust_network(true, now);
        }
    }

    /// Addresses may be others now, and what was connected may be dead.
    fn distrust_network(&mut self, has_slept: bool, now: Instant) {
        // A look at the former network would only run into its deadlines, and hold up the next.
        if let Some(netcheck) = self.netcheck.take() {
            netcheck.abort();
            self.stun.rest();
            self.wants_netcheck = false;
        }
        self.engine.handle_network_changed(now);
        let before = std::mem::take(&mut self.addresses);
        self.report_addresses(now);
        let lost_address = has_slept || before.iter().any(|address| !self.addresses.contains(address));
        self.relays.values().for_each(|relay| relay.tell(ToRelay::Check { lost_address }));
    }

    fn handle_coordination(&mut self, response: Option<CoordinateResponse>) {
        let now = clock::now();
        match response {
            Some(response) => {
                self.engine.handle_coordination(response, now);
                self.forget_strangers();
            }
            None => {
                self.coordination = None;
                self.engine.handle_coordination_ended(now);
            }
        }
    }

    /// Ends the streams of peers that are gone: who was revoked must not stay, and nobody should wait for the silent.
    fn forget_strangers(&mut self) {
        let engine = &self.engine;
        self.shared.lock().stack.reset_unless(|address| engine.has_peer(address));
    }

    fn coordinate(&mut self, request: CoordinateRequest, now: Instant) {
        let Some(ends) = &self.coordination else { return };
        // A stream whose owner left, or does not keep up at all, is a broken one.
        if ends.requests.try_send(request).is_err() {
            self.coordination = None;
            self.engine.handle_coordination_ended(now);
        }
    }

    fn connect_relay(&mut self, region: i32, home: bool) {
        if let Some(relay) = self.relays.get_mut(&region) {
            relay.prefer(home);
        } else if let Some(map) = self.derp_map.regions.get(&region) {
            let relay = Relay::start(&self.tasks, map.clone(), home, self.identity.clone(), self.relay_news.clone());
            self.relays.insert(region, relay);
        }
    }

    /// Connections to regions whose servers have changed start afresh; vanished regions are the engine's to close.
    fn replace_relays(&mut self, now: Instant) {
        for (id, relay) in &mut self.relays {
            let Some(region) = self.derp_map.regions.get(id).filter(|region| !relay.is_of(region)) else { continue };
            let (identity, news) = (self.identity.clone(), self.relay_news.clone());
            *relay = Relay::start(&self.tasks, region.clone(), relay.is_home(), identity, news);
            self.engine.handle_relay_event(*id, RelayEvent::Disconnected, now);
        }
    }

    fn start_netcheck(&mut self, full: bool, now: Instant) {
        if self.stun.is_listening() {
            self.wants_netcheck = true;
            return;
        }
        self.report_addresses(now);
        // Peers that were lost for long are forgotten by a timer of the engine; this finds them soon after.
        self.forget_strangers();
        let (ear, answers) = mpsc::channel(STUN_QUEUE);
        self.stun.listen(ear);
        let early = self.engine.status(now).home_relay == 0;
        let netcheck = self.tasks.spawn(netcheck::run(
            self.identity.dialer.clone(),
            self.derp_map.clone(),
            full,
            early,
            self.commands.clone(),
            answers,
        ));
        self.netcheck = Some(netcheck.abort_handle());
    }

    /// Tells the engine the addresses of the machine.
    fn report_addresses(&mut self, now: Instant) {
        let (v4, v6) = self.sockets.ports();
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let usable = |loopback: bool| {
            let found = interfaces.iter().filter(move |interface| interface.is_loopback() == loopback);
            let found = found.filter_map(|interface| {
                let ip = interface.ip();
                let (port, usable) = match ip {
                    std::net::IpAddr::V4(ip) => (v4, !ip.is_link_local() && !ip.is_unspecified()),
                    std::net::IpAddr::V6(ip) => (v6, !ip.is_unicast_link_local() && !is_mesh(ip)),
                };
                usable.then_some(SocketAddr::new(ip, port?))
            });
            found.collect::<Vec<_>>()
        };
        let mut addresses = usable(false);
        if addresses.is_empty() {
            addresses = usable(true);
        }
        self.addresses.clone_from(&addresses);
        self.engine.handle_local_addresses(addresses, now);
    }

    /// Says goodbye when it is time. Whether that was the end.
    fn has_left(&mut self, now: Instant) -> bool {
        if self.farewell.deadline().is_none() {
            return false;
        }
        let is_delivered = self.shared.lock().stack.is_idle();
        let step = self.farewell.step(is_delivered, now);
        if matches!(step, Some(Step::Say | Step::SayAndStop)) {
            self.engine.disconnect(now);
            self.carry_out(now);
        }
        if !matches!(step, Some(Step::Stop | Step::SayAndStop)) {
            return false;
        }
        if let Some(left) = self.left.take() {
            let _ = left.send(());
        }
        true
    }
}
