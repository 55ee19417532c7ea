//! TCP and UDP in user space, IPv6 only: packets and calls in, packets and events out. No IO, no clock.
//!
//! ```text
//!   handle_packet ─► find the flow ─► Flow (smoltcp) ◄── read, write, close_write, leave
//!                     │ no flow                  │
//!                     ├ listener: new flow       └─► send ─► packets for the engine
//!                     └ none: refuse, or ask the driver (event Asked) and hold the SYN until it answers
//! ```
//!
//! The SYN of an asked connection is fed only after the driver agreed, so a refusal is visible to the peer as a refusal.
//!
//! Memory: see [`budget`]. Counts are capped by the constants below; beyond them the newest loses (a SYN is dropped or
//! refused, a datagram is dropped).
//! Long because it is the one table of flows, and every entry point keeps its counters in step.

mod asked;
mod budget;
mod event;
mod flow;
mod packet;
mod port;
mod probe;
mod random;
mod relayed;
#[cfg(test)]
mod tests;
mod udp;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;

use asked::AskedTable;
use budget::Budget;
use flow::{Flow, Origin};
use packet::{Packet, Segment};
use port::Outbox;
use random::Random;
use relayed::RelayedPeers;
use udp::UdpTable;

pub use event::{AskId, Event, FlowId, OpenError, Stranger, StreamError, UdpId};
pub use packet::{IP_HEADER, MAX_DATAGRAM, MAX_SEGMENT, MTU, UDP_HEADER, datagram, fill_checksum, source, write_ip};

/// Most TCP connections: a workspace with a busy forwarded web app stays far below, and buffers are bounded by it.
pub const MAX_FLOWS: usize = 4096;
/// Most inbound connections of one peer, so that one cannot starve the others.
pub const MAX_FLOWS_PER_PEER: usize = 1024;
/// Most listening ports.
pub const MAX_LISTENERS: usize = 64;
/// Most UDP sockets.
pub const MAX_UDP: usize = 1024;
/// Most events that wait for the driver; it takes them after every call, so this is never reached by honest use.
const MAX_STRAYS: usize = 256;
/// Bytes that one flow may send before the next has its turn: one batch.
const QUANTUM: usize = 58_000;
/// Ports drawn for outgoing connections (RFC 6335).
const EPHEMERAL: std::ops::RangeInclusive<u16> = 49_152..=65_535;
/// SSH sessions may be silent for days (spec `agent-rpc.md` 7).
const SSH_KEEP_ALIVE: Duration = Duration::from_secs(72 * 3600);
const SSH_PORTS: [u16; 2] = [1, 22];

/// See the module.
pub struct Stack {
    addresses: Vec<Ipv6Addr>,
    strangers: Stranger,
    epoch: Instant,
    random: Random,
    next_id: u64,
    flows: HashMap<FlowId, Flow>,
    by_ends: HashMap<(SocketAddrV6, SocketAddrV6), FlowId>,
    listeners: HashSet<u16>,
    asked: AskedTable,
    udp: UdpTable,
    budget: Budget,
    relayed: RelayedPeers,
    timers: BTreeSet<(Instant, FlowId)>,
    /// Flows that may have something to send.
    queue: VecDeque<FlowId>,
    outbox: Outbox,
    /// Whole packets that go out before anything else: refusals, datagrams.
    ready: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    strays: usize,
}

impl Stack {
    /// Makes a stack; `random` seeds ports and sequence numbers.
    #[must_use]
    pub fn new(addresses: Vec<Ipv6Addr>, strangers: Stranger, random: u64, now: Instant) -> Self {
        Self {
            addresses,
            strangers,
            epoch: now,
            random: Random::new(random),
            next_id: 0,
            flows: HashMap::new(),
            by_ends: HashMap::new(),
            listeners: HashSet::new(),
            asked: AskedTable::default(),
            udp: UdpTable::default(),
            budget: Budget::default(),
            relayed: RelayedPeers::default(),
            timers: BTreeSet::new(),
            queue: VecDeque::new(),
            outbox: Outbox::default(),
            ready: VecDeque::new(),
            events: VecDeque::new(),
            strays: 0,
        }
    }

    /// Replaces our addresses. Connections of an address that is gone end by themselves.
    pub fn set_addresses(&mut self, addresses: Vec<Ipv6Addr>) {
        self.addresses = addresses;
    }

    /// Says how a peer's packets come and go: its connections send less at once through a relay.
    pub fn set_relayed(&mut self, peer: Ipv6Addr, is_relayed: bool) {
        self.relayed.set(peer, is_relayed);
    }

    /// Takes in one inner packet. What is not for us or is damaged disappears.
    pub fn handle_packet(&mut self, packet: &[u8], now: Instant) {
        match packet::read(packet, &self.addresses) {
            Some(Packet::Tcp(segment)) => self.handle_segment(packet, &segment, now),
            Some(Packet::Udp { from, to, data }) => self.handle_datagram(from, to, data),
            Some(Packet::Echo { from, to, message }) => self.ready.push_back(packet::echo_reply(to, from, message)),
            None => {}
        }
    }

    fn handle_segment(&mut self, packet: &[u8], segment: &Segment<'_>, now: Instant) {
        let ends = (segment.to, segment.from);
        if let Some(id) = self.by_ends.get(&ends).copied() {
            self.feed(id, packet, now);
            return;
        }
        if !segment.opens() {
            self.ready.extend(segment.refusal().map(Vec::from));
        } else if self.listeners.contains(&segment.to.port()) {
            let origin = Origin::Listener(segment.to.port());
            // Beyond the caps the SYN is dropped, not refused: its sender tries again.
            let _ = self.accept(packet, segment.to, segment.from, origin, now);
        } else if self.strangers == Stranger::Refuse {
            self.ready.extend(segment.refusal().map(Vec::from));
        } else {
            let ask = AskId(self.fresh_id());
            if self.asked.hold(ask, packet, segment.to, segment.from, now) {
                self.events.push_back(Event::Asked { ask, local: segment.to, remote: segment.from });
            }
        }
    }

    fn feed(&mut self, id: FlowId, packet: &[u8], now: Instant) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        let share = self.relayed.share(*flow.remote.ip());
        let acknowledge = flow.receive(packet, share, &mut self.outbox, now);
        if acknowledge {
            flow.send(&mut self.outbox, 1, now);
        }
        self.enqueue(id);
    }

    /// Answers [`Event::Asked`]. When agreed, the flow belongs to the driver at once; it opens in a moment.
    ///
    /// # Errors
    /// [`OpenError::TooMany`]; the peer is refused then, as it is without agreement.
    pub fn answer(&mut self, ask: AskId, agreed: bool, now: Instant) -> Result<Option<FlowId>, OpenError> {
        let Some(asked) = self.asked.take(ask) else { return Ok(None) };
        if agreed {
            let accepted = self.accept(&asked.syn, asked.local, asked.remote, Origin::Asked(ask), now);
            if accepted.is_ok() {
                return accepted.map(Some);
            }
        }
        if let Some(Packet::Tcp(segment)) = packet::read(&asked.syn, &self.addresses) {
            self.ready.extend(segment.refusal().map(Vec::from));
        }
        if agreed { Err(OpenError::TooMany) } else { Ok(None) }
    }

    fn accept(
        &mut self,
        syn: &[u8],
        local: SocketAddrV6,
        remote: SocketAddrV6,
        origin: Origin,
        now: Instant,
    ) -> Result<FlowId, OpenError> {
        let of_peer = || self.flows.values().filter(|flow| flow.remote.ip() == remote.ip()).count();
        if self.flows.len() >= MAX_FLOWS_PER_PEER && of_peer() >= MAX_FLOWS_PER_PEER {
            return Err(OpenError::TooMany);
        }
        let id = self.open(local, remote, origin, now)?;
        let listening = self.flows.get_mut(&id).map(Flow::listen);
        if listening.is_none_or(|result| result.is_err()) {
            self.forget(id);
            return Err(OpenError::TooMany);
        }
        self.feed(id, syn, now);
        Ok(id)
    }

    fn open(
        &mut self,
        local: SocketAddrV6,
        remote: SocketAddrV6,
        origin: Origin,
        now: Instant,
    ) -> Result<FlowId, OpenError> {
        if self.flows.len() >= MAX_FLOWS && !self.evict() {
            return Err(OpenError::TooMany);
        }
        let buffer = self.budget.take();
        let random = self.random.draw();
        let mut flow = Flow::new(local, remote, origin, buffer, random, self.epoch, now);
        if SSH_PORTS.contains(&local.port()) {
            flow.set_keep_alive(SSH_KEEP_ALIVE);
        }
        let id = FlowId(self.fresh_id());
        self.flows.insert(id, flow);
        self.by_ends.insert((local, remote), id);
        Ok(id)
    }

    /// Makes room by forgetting a connection that has ended and only waits for stragglers.
    fn evict(&mut self) -> bool {
        let over = self.flows.iter().find(|(_, flow)| !flow.attached && flow.is_over()).map(|(id, _)| *id);
        over.inspect(|id| self.forget(*id)).is_some()
    }

    /// Opens a connection; [`Stack::opened`] says when it is.
    ///
    /// # Errors
    /// [`OpenError::TooMany`].
    pub fn dial(&mut self, remote: SocketAddrV6, now: Instant) -> Result<FlowId, OpenError> {
        let Some(address) = self.addresses.first().copied() else { return Err(OpenError::TooMany) };
        let local = self
            .free_port(|stack, port| !stack.by_ends.contains_key(&(SocketAddrV6::new(address, port, 0, 0), remote)))?;
        let remote = SocketAddrV6::new(*remote.ip(), remote.port(), 0, 0);
        let id = self.open(SocketAddrV6::new(address, local, 0, 0), remote, Origin::Dialled, now)?;
        let connected = self.flows.get_mut(&id).map(Flow::connect);
        if connected.is_none_or(|result| result.is_err()) {
            self.forget(id);
            return Err(OpenError::TooMany);
        }
        self.enqueue(id);
        Ok(id)
    }

    fn free_port(&mut self, free: impl Fn(&Self, u16) -> bool) -> Result<u16, OpenError> {
        let width = u64::from(*EPHEMERAL.end() - *EPHEMERAL.start()) + 1;
        let start = self.random.draw();
        (0..width)
            .map(|step| *EPHEMERAL.start() + u16::try_from((start.wrapping_add(step)) % width).unwrap_or_default())
            .find(|port| free(self, *port))
            .ok_or(OpenError::TooMany)
    }

    /// Accepts connections on a port of all our addresses.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn listen(&mut self, port: u16) -> Result<(), OpenError> {
        if self.listeners.contains(&port) {
            return Err(OpenError::Taken);
        }
        if self.listeners.len() >= MAX_LISTENERS {
            return Err(OpenError::TooMany);
        }
        self.listeners.insert(port);
        Ok(())
    }

    /// Stops accepting; open connections go on.
    pub fn unlisten(&mut self, port: u16) {
        self.listeners.remove(&port);
    }

    /// The two ends of a connection, ours first.
    #[must_use]
    pub fn ends(&self, id: FlowId) -> Option<(SocketAddrV6, SocketAddrV6)> {
        self.flows.get(&id).map(|flow| (flow.local, flow.remote))
    }

    /// Whether a dialled connection is open; an error means refused or given up.
    pub fn opened(&mut self, id: FlowId) -> Poll<Result<(), StreamError>> {
        self.flows.get_mut(&id).map_or(Poll::Ready(Err(StreamError::Closed)), Flow::opened)
    }

    /// Takes what has arrived; 0 is the end of the stream. Pending is followed by [`Event::Readable`].
    pub fn read(&mut self, id: FlowId, buffer: &mut [u8], now: Instant) -> Poll<Result<usize, StreamError>> {
        let Some(flow) = self.flows.get_mut(&id) else { return Poll::Ready(Err(StreamError::Closed)) };
        let result = flow.read(buffer);
        // What was read may open the window wide enough to say so.
        if !flow.queued && matches!(result, Poll::Ready(Ok(1..))) && flow.has_work(now) {
            self.enqueue(id);
        }
        result
    }

    /// Takes in what fits. Pending is followed by [`Event::Writable`].
    pub fn write(&mut self, id: FlowId, data: &[u8]) -> Poll<Result<usize, StreamError>> {
        let Some(flow) = self.flows.get_mut(&id) else { return Poll::Ready(Err(StreamError::Closed)) };
        let result = flow.write(data);
        if matches!(result, Poll::Ready(Ok(1..))) {
            self.enqueue(id);
        }
        result
    }

    /// Ends our half of the stream; what was written still arrives.
    pub fn close_write(&mut self, id: FlowId) {
        if let Some(flow) = self.flows.get_mut(&id) {
            flow.close_write();
            self.enqueue(id);
        }
    }

    /// The owner drops the stream: finishes it when our half was closed, resets it otherwise.
    pub fn leave(&mut self, id: FlowId, now: Instant) {
        if let Some(flow) = self.flows.get_mut(&id) {
            flow.leave(now);
            self.enqueue(id);
        }
    }

    /// Resets every connection whose peer is not known any more.
    pub fn reset_unless(&mut self, known: impl Fn(Ipv6Addr) -> bool) {
        let strangers = self.flows.iter().filter(|(_, flow)| !known(*flow.remote.ip()));
        let strangers: Vec<_> = strangers.map(|(id, _)| *id).collect();
        for id in strangers {
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.abort();
            }
            self.enqueue(id);
        }
    }

    /// Binds a UDP port of all our addresses; 0 draws one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn bind_udp(&mut self, port: u16) -> Result<(UdpId, u16), OpenError> {
        if self.udp.len() >= MAX_UDP {
            return Err(OpenError::TooMany);
        }
        let port = match port {
            0 => self.free_port(|stack, port| !stack.udp.is_bound(port))?,
            port => port,
        };
        let id = UdpId(self.fresh_id());
        self.udp.bind(id, port).map(|()| (id, port))
    }

    /// Closes a UDP socket.
    pub fn close_udp(&mut self, id: UdpId) {
        self.udp.close(id);
    }

    /// Sends a datagram from a bound socket, at most [`MAX_DATAGRAM`] bytes; false when it is longer or the socket is gone.
    pub fn send_udp(&mut self, id: UdpId, to: SocketAddrV6, data: &[u8]) -> bool {
        let (Some(port), Some(address)) = (self.udp.port(id), self.addresses.first().copied()) else { return false };
        self.send_datagram(SocketAddrV6::new(address, port, 0, 0), to, data)
    }

    /// Sends a datagram as if from this end, for the answers to [`Event::Stray`].
    pub fn send_datagram(&mut self, local: SocketAddrV6, to: SocketAddrV6, data: &[u8]) -> bool {
        // A datagram may get lost; beyond a full burst it does so here.
        let fits = data.len() <= MAX_DATAGRAM && self.ready.len() < udp::MAX_UNSENT;
        if fits {
            self.ready.push_back(packet::datagram(local, to, data));
        }
        data.len() <= MAX_DATAGRAM
    }

    /// The next datagram of a socket. Pending is followed by [`Event::UdpReadable`].
    pub fn receive_udp(&mut self, id: UdpId) -> Poll<Option<(Bytes, SocketAddrV6)>> {
        self.udp.receive(id)
    }

    fn handle_datagram(&mut self, from: SocketAddrV6, to: SocketAddrV6, data: &[u8]) {
        if self.udp.is_bound(to.port()) {
            self.events.extend(self.udp.deliver(from, to.port(), data).map(Event::UdpReadable));
        } else if self.strangers == Stranger::Ask && self.strays < MAX_STRAYS {
            self.strays += 1;
            self.events.push_back(Event::Stray { local: to, remote: from, data: Bytes::copy_from_slice(data) });
        }
    }

    /// Whether [`Stack::poll`] would do something now, timers apart.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !(self.queue.is_empty() && self.ready.is_empty() && self.outbox.len() == 0)
    }

    /// Runs timers and hands out packets, about one batch. True when there is more to hand out.
    pub fn poll(&mut self, now: Instant, sink: &mut dyn FnMut(&[u8])) -> bool {
        self.run_timers(now);
        for packet in self.ready.drain(..) {
            sink(&packet);
        }
        // Acknowledgements that came up while packets were taken in.
        self.outbox.drain(sink);
        let mut sent = 0;
        while sent < QUANTUM {
            let Some(id) = self.queue.pop_front() else { break };
            let Some(flow) = self.flows.get_mut(&id) else { continue };
            flow.queued = false;
            let more = flow.send(&mut self.outbox, QUANTUM - sent, now);
            sent += self.outbox.len();
            self.outbox.drain(sink);
            self.settle(id, now);
            if more {
                self.enqueue(id);
            }
        }
        !self.queue.is_empty()
    }

    fn run_timers(&mut self, now: Instant) {
        while let Some((due, id)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, id));
            if let Some(flow) = self.flows.get_mut(&id) {
                flow.deadline = None;
                self.enqueue(id);
            }
        }
        self.asked.forget_old(now);
    }

    fn settle(&mut self, id: FlowId, now: Instant) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        let news = flow.settle(now);
        if let Some(old) = flow.deadline.take_if(|old| Some(*old) != news.next) {
            self.timers.remove(&(old, id));
        }
        if let Some(next) = news.next.filter(|_| flow.deadline.is_none()) {
            flow.deadline = Some(next);
            self.timers.insert((next, id));
        }
        let sends = !news.dead && flow.is_sending();
        if std::mem::replace(&mut flow.counted, sends) != sends {
            self.relayed.note_sending(*flow.remote.ip(), sends);
        }
        if news.established
            && let Origin::Listener(port) = flow.origin
        {
            self.events.push_back(Event::Accepted { port, flow: id });
        }
        if news.readable {
            self.events.push_back(Event::Readable(id));
        }
        if news.writable {
            self.events.push_back(Event::Writable(id));
        }
        if news.dead {
            // The ends may be used again; what has arrived can still be read.
            let ends = (flow.local, flow.remote);
            let keep = flow.attached && flow.is_known();
            self.by_ends.remove(&ends);
            if !keep {
                self.forget(id);
            }
        }
    }

    fn enqueue(&mut self, id: FlowId) {
        if let Some(flow) = self.flows.get_mut(&id)
            && !std::mem::replace(&mut flow.queued, true)
        {
            self.queue.push_back(id);
        }
    }

    fn forget(&mut self, id: FlowId) {
        let Some(flow) = self.flows.remove(&id) else { return };
        self.budget.give_back(flow.reserved);
        if flow.counted {
            self.relayed.note_sending(*flow.remote.ip(), false);
        }
        if let Some(deadline) = flow.deadline {
            self.timers.remove(&(deadline, id));
        }
        if self.by_ends.get(&(flow.local, flow.remote)) == Some(&id) {
            self.by_ends.remove(&(flow.local, flow.remote));
        }
    }

    /// When [`Stack::poll`] must be called at the latest, apart from [`Stack::has_output`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| *due).into_iter().chain(self.asked.next_due()).min()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if matches!(event, Event::Stray { .. }) {
            self.strays -= 1;
        }
        Some(event)
    }

    /// Open TCP connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.flows.len()
    }

    /// Open TCP connections by our port. Those that only wait for late packets are over.
    #[must_use]
    pub fn connections_by_port(&self) -> BTreeMap<u16, u64> {
        let mut ports = BTreeMap::new();
        for flow in self.flows.values().filter(|flow| !flow.is_over()) {
            *ports.entry(flow.local.port()).or_default() += 1;
        }
        ports
    }

    /// Whether nothing is left to deliver: all that remain are connections that nobody closed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.has_output() && self.flows.values().all(Flow::is_delivered)
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}
