//! The peer's side of coordination: which peers there should be, and when each is programmed (spec `tailnet.md` 5.2 and
//! 5.3).
//!
//! ```text
//!   client:  NODE ──READY_FOR_HANDSHAKE or 5 s──► programmed ─┬─DISCONNECTED──────────────────► removed
//!   agent:   NODE ──────────at once, says READY─► programmed ─┴─LOST, 15 min without handshake─► removed
//! ```
//!
//! A second peer that claims the key or an address of a programmed one waits until that one is lost: then it is the same
//! program under a new id. Not here: what a record may say (`node`), the stream itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proto::id::PeerId;
use proto::tailnet::{
    CoordinateRequest, CoordinateResponse, Disconnect, MAX_PEER_UPDATES, PeerUpdate, PeerUpdateKind, ReadyForHandshake,
    Tunnel, UpdateSelf,
};

use super::Engine;
use super::node::{self, Known, NodeError, Own};
use super::output::Output;
use super::peer::{Peer, PeerConfig};
use super::peers::MAX_PEERS;
use super::status::Role;

/// A peer that does not say that it is ready is tried anyway after this.
const READY_TIMEOUT: Duration = Duration::from_secs(5);
/// A lost peer is removed when no handshake happened for so long.
const LOST_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// Keeps mappings of NATs open towards a destination that answers.
const KEEPALIVE: Duration = Duration::from_secs(25);

/// What is known of one peer id.
#[derive(Debug)]
struct Record {
    known: Option<Known>,
    /// When the first NODE came.
    since: Instant,
    is_ready: bool,
    slot: Option<usize>,
    lost: Option<Instant>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Coordination {
    is_streaming: bool,
    tunnels: BTreeSet<PeerId>,
    records: BTreeMap<PeerId, Record>,
    /// Our record as the coordinator has it.
    published: Option<Own>,
}

impl Engine {
    /// A fresh coordination stream is open: everything wanted is said again.
    pub fn handle_coordination_started(&mut self, now: Instant) {
        self.coordination.is_streaming = true;
        self.coordination.published = None;
        self.publish(now);
        for peer in self.coordination.tunnels.clone() {
            self.say(CoordinateRequest { add_tunnel: Some(Tunnel { id: peer.to_wire() }), ..Default::default() });
        }
    }

    /// The coordination stream broke: peers are kept as lost.
    pub fn handle_coordination_ended(&mut self, now: Instant) {
        self.coordination.is_streaming = false;
        let all: Vec<PeerId> = self.coordination.records.keys().copied().collect();
        all.into_iter().for_each(|id| self.handle_lost(id, now));
    }

    /// Wants a tunnel to this peer (clients only); repeated on each new stream.
    pub fn add_tunnel(&mut self, peer: PeerId, _now: Instant) {
        if self.config.role == Role::Agent || self.coordination.tunnels.len() >= MAX_PEERS {
            return;
        }
        if self.coordination.tunnels.insert(peer) {
            self.say(CoordinateRequest { add_tunnel: Some(Tunnel { id: peer.to_wire() }), ..Default::default() });
        }
    }

    /// Wants no tunnel to this peer any more.
    pub fn remove_tunnel(&mut self, peer: PeerId, _now: Instant) {
        if self.coordination.tunnels.remove(&peer) {
            self.say(CoordinateRequest { remove_tunnel: Some(Tunnel { id: peer.to_wire() }), ..Default::default() });
            self.remove_record(peer);
        }
    }

    /// Says goodbye to the coordinator.
    pub fn disconnect(&mut self, _now: Instant) {
        self.say(CoordinateRequest { disconnect: Some(Disconnect {}), ..Default::default() });
    }

    fn say(&mut self, request: CoordinateRequest) {
        if self.coordination.is_streaming {
            self.wire.outputs.push(Output::Coordinate(Box::new(request)));
        }
    }

    /// Sends our record when it says something new, and only when it has a home.
    pub(super) fn publish(&mut self, now: Instant) {
        let own = Own {
            id: self.config.node_id,
            key: self.wire.node_key,
            disco: self.wire.disco_key,
            addresses: self.config.addresses.clone(),
            home: self.home.region(),
            endpoints: self.wire.endpoints.clone(),
            forced_websocket: self.forced_websocket.clone(),
        };
        if own.home == 0 || !self.coordination.is_streaming || self.coordination.published.as_ref() == Some(&own) {
            return;
        }
        let as_of = self.wall + now.saturating_duration_since(self.started);
        let node = own.to_node(self.home.latencies(), as_of);
        self.coordination.published = Some(own);
        self.say(CoordinateRequest { update_self: Some(UpdateSelf { node: Some(node) }), ..Default::default() });
    }

    /// The coordinator said something.
    pub fn handle_coordination(&mut self, response: CoordinateResponse, now: Instant) {
        if !response.error.is_empty() {
            let error = response.error.chars().take(200).collect::<String>();
            tracing::warn!(error = %error.escape_debug(), "the coordinator refused a request");
        }
        let mut ready = Vec::new();
        for update in response.peer_updates.into_iter().take(MAX_PEER_UPDATES) {
            let Ok(id) = PeerId::from_wire(&update.id) else { continue };
            if self.config.role == Role::Client && !self.coordination.tunnels.contains(&id) {
                continue;
            }
            if self.handle_update(id, &update, now) {
                ready.push(ReadyForHandshake { id: update.id });
            }
        }
        self.program_due(now);
        if self.config.role == Role::Agent && !ready.is_empty() {
            self.say(CoordinateRequest { ready_for_handshake: ready, ..Default::default() });
        }
    }

    /// Returns whether the peer is programmed because of this NODE.
    fn handle_update(&mut self, id: PeerId, update: &PeerUpdate, now: Instant) -> bool {
        match PeerUpdateKind::try_from(update.kind) {
            Ok(PeerUpdateKind::Node) => match update.node.as_ref().map(|node| self.handle_node(id, node, now)) {
                Some(Ok(is_programmed)) => is_programmed,
                Some(Err(error)) => {
                    tracing::warn!(peer = %id, %error, "a peer's record is not used");
                    false
                }
                None => false,
            },
            Ok(PeerUpdateKind::Disconnected) => {
                self.remove_record(id);
                false
            }
            Ok(PeerUpdateKind::Lost) => {
                self.handle_lost(id, now);
                false
            }
            Ok(PeerUpdateKind::ReadyForHandshake) => {
                self.handle_ready(id, now);
                false
            }
            Ok(PeerUpdateKind::Unspecified) | Err(_) => false,
        }
    }

    fn record(&mut self, id: PeerId, now: Instant) -> Option<&mut Record> {
        let records = &mut self.coordination.records;
        if records.len() >= MAX_PEERS && !records.contains_key(&id) {
            return None;
        }
        let new = || Record { known: None, since: now, is_ready: false, slot: None, lost: None };
        Some(records.entry(id).or_insert_with(new))
    }

    fn handle_node(&mut self, id: PeerId, node: &proto::tailnet::Node, now: Instant) -> Result<bool, NodeError> {
        let known = match node::read(id, node, self.config.role, &self.config.addresses) {
            Err(NodeError::Homeless) => return Ok(false),
            read => read?,
        };
        let is_client = self.config.role == Role::Client;
        let Some(record) = self.record(id, now) else { return Ok(false) };
        if record.known.is_none() {
            record.since = now;
        }
        record.lost = None;
        let former = record.known.replace(known);
        let slot = record.slot;
        let is_replaced = record.known.as_ref().map(|known| known.key) != former.map(|known| known.key);
        if is_client && slot.is_none() {
            // `handle_coordination` programs it when it is time.
            self.wire.schedule(now + READY_TIMEOUT);
            return Ok(false);
        }
        if let Some(slot) = slot.filter(|_| is_replaced) {
            self.peers.remove(slot);
            self.set_slot(id, None);
        }
        Ok(self.program(id, now))
    }

    fn set_slot(&mut self, id: PeerId, slot: Option<usize>) {
        if let Some(record) = self.coordination.records.get_mut(&id) {
            record.slot = slot;
        }
    }

    fn handle_ready(&mut self, id: PeerId, now: Instant) {
        let Some(record) = self.record(id, now) else { return };
        record.is_ready = true;
        let Some(slot) = record.slot else { return };
        self.keep_alive(slot, now);
    }

    fn keep_alive(&mut self, slot: usize, now: Instant) {
        let Self { peers, wire, config, .. } = self;
        if let Some(peer) = peers.get_mut(slot).filter(|_| config.role == Role::Client) {
            peer.keep_alive(KEEPALIVE, wire, now);
        }
    }

    fn handle_lost(&mut self, id: PeerId, now: Instant) {
        let Some(record) = self.coordination.records.get_mut(&id) else { return };
        record.is_ready = false;
        if record.slot.is_none() {
            self.coordination.records.remove(&id);
            return;
        }
        record.lost.get_or_insert(now);
        self.wire.schedule(now + LOST_TIMEOUT);
    }

    fn remove_record(&mut self, id: PeerId) {
        if let Some(slot) = self.coordination.records.remove(&id).and_then(|record| record.slot) {
            self.peers.remove(slot);
        }
    }

    /// Makes or changes the peer of a record. Returns whether it is programmed now.
    fn program(&mut self, id: PeerId, now: Instant) -> bool {
        let Some(record) = self.coordination.records.get(&id) else { return false };
        let (Some(known), slot, is_ready) = (record.known.clone(), record.slot, record.is_ready) else { return false };
        if known.key == self.wire.node_key || !self.make_way(id, &known) {
            tracing::debug!(peer = %id, "a peer waits because another one has its key or address");
            return false;
        }
        let slot = match slot {
            Some(slot) => {
                let wire = &self.wire;
                self.peers.change(slot, |peer| {
                    peer.set_disco(known.disco, wire);
                    peer.addresses = known.addresses;
                    peer.home = known.home;
                });
                slot
            }
            None => {
                let Some(slot) = self.peers.free_slot() else { return false };
                let Ok(index) = u32::try_from(slot) else { return false };
                let Known { key, disco, addresses, home, .. } = known;
                let config = PeerConfig { id, key, disco, addresses, home };
                let peer = Peer::new(config, &self.config.node_key, index, &mut self.wire);
                self.peers.insert(slot, peer);
                self.set_slot(id, Some(slot));
                slot
            }
        };
        if let Some(peer) = self.peers.get_mut(slot).filter(|_| !self.wire.is_blocked) {
            peer.path.set_node_endpoints(&known.endpoints, now);
        }
        self.wire.schedule(now);
        if is_ready {
            self.keep_alive(slot, now);
        }
        true
    }

    /// Whether nobody else has this key or one of these addresses; lost peers that have are removed.
    fn make_way(&mut self, id: PeerId, known: &Known) -> bool {
        let holders = known.addresses.iter().filter_map(|address| self.peers.slot_of_address(*address));
        let holders: BTreeSet<usize> = holders.chain(self.peers.slot_of_key(&known.key)).collect();
        let others: Vec<PeerId> = holders
            .into_iter()
            .filter_map(|slot| Some(self.peers.get(slot)?.id))
            .filter(|other| *other != id)
            .collect();
        let is_lost = |other: &PeerId| self.coordination.records.get(other).is_none_or(|record| record.lost.is_some());
        if !others.iter().all(is_lost) {
            return false;
        }
        others.into_iter().for_each(|other| self.remove_record(other));
        true
    }

    /// Programs the peers whose time has come, and removes the lost ones whose time is over.
    pub(super) fn program_due(&mut self, now: Instant) {
        let is_agent = self.config.role == Role::Agent;
        let waiting = self.coordination.records.iter().filter(|(_, record)| {
            let is_due = is_agent || record.is_ready || now >= record.since + READY_TIMEOUT;
            record.slot.is_none() && record.known.is_some() && is_due
        });
        let waiting: Vec<PeerId> = waiting.map(|(id, _)| *id).collect();
        for id in waiting {
            // An agent's peer that had to wait for another's key is told that it may come now.
            if self.program(id, now) && is_agent {
                let ready = vec![ReadyForHandshake { id: id.to_wire() }];
                self.say(CoordinateRequest { ready_for_handshake: ready, ..Default::default() });
            }
        }
        let over: Vec<PeerId> = self.lost_deadlines().filter(|(_, at)| now >= *at).map(|(id, _)| id).collect();
        over.into_iter().for_each(|id| self.remove_record(id));
    }

    fn lost_deadlines(&self) -> impl Iterator<Item = (PeerId, Instant)> {
        self.coordination.records.iter().filter_map(|(id, record)| {
            let handshake = record.slot.and_then(|slot| self.peers.get(slot)?.last_handshake());
            Some((*id, record.lost?.max(handshake.unwrap_or(record.lost?)) + LOST_TIMEOUT))
        })
    }

    /// When [`Engine::program_due`] has something to do.
    pub(super) fn next_coordination_timeout(&self, now: Instant) -> Option<Instant> {
        let is_waiting = |record: &&Record| record.slot.is_none() && record.known.is_some();
        let waiting = self.coordination.records.values().filter(is_waiting);
        // One that is overdue waits for another peer to be lost, not for time.
        let ready = waiting.map(|record| record.since + READY_TIMEOUT).filter(|at| *at > now);
        ready.chain(self.lost_deadlines().map(|(_, at)| at)).min()
    }
}
