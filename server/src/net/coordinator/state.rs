//! The coordinator's memory and rules: who is connected, who shares a tunnel, who was told what (spec `tailnet.md` 5.1).
//!
//! Pure: requests go in by `handle_*`, responses come out by [`State::poll`]; [`State::take_woken`] names the sessions
//! that have something to poll. Each change costs as much as the peer has tunnels, never as much as there are peers.
//! Not here: streams and tasks ([`super::session`]), the form of requests ([`super::request`]).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use proto::id::PeerId;
use proto::tailnet::{CoordinateResponse, Node, PeerUpdate, PeerUpdateKind};

use super::outbox::{Outbox, Output};
use super::permission::{self, Access, Refusal};
use super::request::Request;

/// What an older stream is told when a newer one takes its id.
pub const OVERWRITTEN: &str = "peer ID overwritten by new connection";
/// What a peer is told that lets its queue fill up.
pub const TOO_SLOW: &str = "the peer does not read its updates";

/// One coordination stream. A peer that reconnects gets a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u64);

/// How a peer went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// It said goodbye, or its right to be here ended: others forget it at once.
    Disconnected,
    /// Its stream broke: others keep working with it for a while.
    Lost,
}

#[derive(Debug)]
struct Peer {
    session: SessionId,
    access: Access,
    node: Option<Arc<Node>>,
    /// The last record this peer was told, by the peer it is about.
    told: HashMap<PeerId, Arc<Node>>,
}

/// All peers and tunnels.
#[derive(Debug, Default)]
pub struct State {
    peers: HashMap<PeerId, Peer>,
    outboxes: HashMap<SessionId, (PeerId, Outbox)>,
    destinations: HashMap<PeerId, BTreeSet<PeerId>>,
    sources: HashMap<PeerId, BTreeSet<PeerId>>,
    last_session: u64,
    woken: BTreeSet<SessionId>,
    /// Peers whose queue was full; they are dropped at the end of the change that filled it.
    slow: Vec<PeerId>,
}

impl State {
    /// A stream opens. Tunnels that the same id opened before stay as far as `access` allows them.
    pub fn handle_connected(&mut self, id: PeerId, access: Access) -> SessionId {
        self.last_session += 1;
        let session = SessionId(self.last_session);
        self.outboxes.insert(session, (id, Outbox::default()));
        if let Some(old) = self.peers.remove(&id) {
            self.abort(old.session, OVERWRITTEN);
        }
        self.peers.insert(id, Peer { session, access, node: None, told: HashMap::new() });
        for destination in self.destinations_of(id) {
            // The access rules already said yes to the tunnels of an earlier stream with this id.
            if !permission::may_open(access, destination, true) {
                self.remove_tunnel(id, destination);
            }
        }
        self.tell(id, &self.tunnel_peers(id));
        self.drop_slow();
        session
    }

    /// A request of a stream. `may_reach` is the access rules' answer for the tunnel the request wants.
    ///
    /// # Errors
    /// [`Refusal`]: the stream was ended with this text, and the other peers see it as lost.
    pub fn handle_request(&mut self, session: SessionId, request: Request, may_reach: bool) -> Result<(), Refusal> {
        let Some((id, access)) = self.current(session) else { return Ok(()) };
        if let Err(refusal) = permission::check(id, access, &request, may_reach) {
            self.handle_error(session, &refusal.to_string());
            return Err(refusal);
        }
        if let Some(node) = request.node {
            self.update(id, Arc::new(node));
        }
        if request.disconnect {
            self.depart(id, Departure::Disconnected, "the peer disconnected");
        } else {
            if let Some(destination) = request.add {
                self.add_tunnel(id, destination);
            }
            if let Some(destination) = request.remove {
                self.remove_tunnel(id, destination);
            }
            for other in request.ready {
                self.ready(id, other);
            }
        }
        self.drop_slow();
        Ok(())
    }

    /// The peer broke a rule: it is told, its stream ends, others see it as lost.
    pub fn handle_error(&mut self, session: SessionId, error: &str) {
        if let Some((id, _)) = self.current(session) {
            self.abort(session, error);
            self.depart(id, Departure::Lost, "the peer broke the protocol");
            self.drop_slow();
        }
    }

    /// The peer must go, for a reason that it is told; others see it as lost.
    pub fn handle_expelled(&mut self, id: PeerId, reason: &str) {
        if let Some(session) = self.peers.get(&id).map(|peer| peer.session) {
            self.handle_error(session, reason);
        }
    }

    /// The stream is gone, or must go because its right to be here ended. Nothing more is polled from it.
    pub fn handle_closed(&mut self, session: SessionId, departure: Departure) {
        if let Some((id, _)) = self.current(session) {
            let reason = match departure {
                Departure::Lost => "the peer's connection broke",
                Departure::Disconnected => "the peer's access ended",
            };
            self.depart(id, departure, reason);
            self.drop_slow();
        }
        self.outboxes.remove(&session);
        self.woken.remove(&session);
    }

    /// The next thing to do for a session, if any.
    pub fn poll(&mut self, session: SessionId) -> Option<Output> {
        let Some((_, outbox)) = self.outboxes.get_mut(&session) else { return Some(Output::End) };
        let output = outbox.pop();
        if output == Some(Output::End) {
            self.outboxes.remove(&session);
        }
        output
    }

    /// Sessions that have something to poll since the last call.
    pub fn take_woken(&mut self) -> BTreeSet<SessionId> {
        std::mem::take(&mut self.woken)
    }

    /// Whether what waited for this session was thrown away: a send that is stuck need not be waited for.
    #[must_use]
    pub fn is_aborted(&self, session: SessionId) -> bool {
        self.outboxes.get(&session).is_none_or(|(_, outbox)| outbox.is_aborted())
    }

    /// The record that a connected peer published last.
    #[must_use]
    pub fn node(&self, id: PeerId) -> Option<&Arc<Node>> {
        self.peers.get(&id)?.node.as_ref()
    }

    /// How many peers are connected.
    #[must_use]
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    fn current(&self, session: SessionId) -> Option<(PeerId, Access)> {
        let (id, _) = self.outboxes.get(&session)?;
        let peer = self.peers.get(id)?;
        (peer.session == session).then_some((*id, peer.access))
    }

    fn update(&mut self, id: PeerId, node: Arc<Node>) {
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.node = Some(node);
        }
        for other in self.tunnel_peers(id) {
            self.tell(other, &BTreeSet::from([id]));
        }
    }

    fn add_tunnel(&mut self, source: PeerId, destination: PeerId) {
        self.destinations.entry(source).or_default().insert(destination);
        self.sources.entry(destination).or_default().insert(source);
        self.tell(source, &BTreeSet::from([destination]));
        self.tell(destination, &BTreeSet::from([source]));
    }

    fn remove_tunnel(&mut self, source: PeerId, destination: PeerId) {
        unlink(&mut self.destinations, source, destination);
        if !unlink(&mut self.sources, destination, source) || self.share_tunnel(source, destination) {
            return;
        }
        self.farewell(source, destination, Departure::Disconnected, "the tunnel was closed");
        self.farewell(destination, source, Departure::Disconnected, "the tunnel was closed");
    }

    fn ready(&mut self, id: PeerId, other: PeerId) {
        if self.share_tunnel(id, other) {
            let update =
                PeerUpdate { id: id.to_wire(), kind: PeerUpdateKind::ReadyForHandshake.into(), ..Default::default() };
            self.send(other, vec![update]);
        } else if let Some(peer) = self.peers.get(&id) {
            let error = format!("ready for handshake error: you do not share a tunnel with \"{other}\"");
            self.respond(id, peer.session, CoordinateResponse { error, ..Default::default() });
        }
    }

    /// Ends the peer's stream and tunnels, and tells those who knew its record.
    fn depart(&mut self, id: PeerId, departure: Departure, reason: &str) {
        let Some(peer) = self.peers.remove(&id) else { return };
        if let Some((_, outbox)) = self.outboxes.get_mut(&peer.session) {
            outbox.end();
            self.woken.insert(peer.session);
        }
        for other in self.tunnel_peers(id) {
            self.farewell(other, id, departure, reason);
        }
        for destination in self.destinations.remove(&id).unwrap_or_default() {
            unlink(&mut self.sources, destination, id);
        }
    }

    /// Tells `receiver` the records of `others` that it does not have yet, in one batch.
    fn tell(&mut self, receiver: PeerId, others: &BTreeSet<PeerId>) {
        let mut updates = Vec::new();
        for &other in others {
            let Some(node) = self.peers.get(&other).and_then(|peer| peer.node.clone()) else { continue };
            let Some(peer) = self.peers.get_mut(&receiver) else { return };
            if peer.told.get(&other).is_some_and(|told| *told == node) {
                continue;
            }
            peer.told.insert(other, Arc::clone(&node));
            updates.push(PeerUpdate {
                id: other.to_wire(),
                node: Some(Node::clone(&node)),
                kind: PeerUpdateKind::Node.into(),
                reason: String::new(),
            });
        }
        self.send(receiver, updates);
    }

    /// Tells `receiver` that `gone` went, if it ever heard of it.
    fn farewell(&mut self, receiver: PeerId, gone: PeerId, departure: Departure, reason: &str) {
        let Some(peer) = self.peers.get_mut(&receiver) else { return };
        if peer.told.remove(&gone).is_none() {
            return;
        }
        let kind = match departure {
            Departure::Disconnected => PeerUpdateKind::Disconnected,
            Departure::Lost => PeerUpdateKind::Lost,
        };
        let update = PeerUpdate { id: gone.to_wire(), node: None, kind: kind.into(), reason: reason.to_owned() };
        self.send(receiver, vec![update]);
    }

    fn send(&mut self, receiver: PeerId, updates: Vec<PeerUpdate>) {
        let Some(peer) = self.peers.get(&receiver) else { return };
        let Some((_, outbox)) = self.outboxes.get_mut(&peer.session) else { return };
        if updates.is_empty() {
            return;
        }
        self.woken.insert(peer.session);
        if outbox.push_updates(updates).is_err() {
            self.slow.push(receiver);
        }
    }

    fn respond(&mut self, receiver: PeerId, session: SessionId, response: CoordinateResponse) {
        let Some((_, outbox)) = self.outboxes.get_mut(&session) else { return };
        self.woken.insert(session);
        if outbox.push(response).is_err() {
            self.slow.push(receiver);
        }
    }

    fn abort(&mut self, session: SessionId, error: &str) {
        if let Some((_, outbox)) = self.outboxes.get_mut(&session) {
            outbox.abort(error);
            self.woken.insert(session);
        }
    }

    /// Dropping one peer tells others, which may fill their queues in turn: a list instead of a recursion.
    fn drop_slow(&mut self) {
        while let Some(id) = self.slow.pop() {
            let Some(session) = self.peers.get(&id).map(|peer| peer.session) else { continue };
            self.abort(session, TOO_SLOW);
            self.depart(id, Departure::Lost, "the peer does not read its updates");
        }
    }

    fn share_tunnel(&self, a: PeerId, b: PeerId) -> bool {
        let opened = |from, to| self.destinations.get(&from).is_some_and(|set| set.contains(&to));
        opened(a, b) || opened(b, a)
    }

    fn destinations_of(&self, id: PeerId) -> BTreeSet<PeerId> {
        self.destinations.get(&id).cloned().unwrap_or_default()
    }

    /// Peers at the other end of a tunnel, either direction.
    fn tunnel_peers(&self, id: PeerId) -> BTreeSet<PeerId> {
        let mut peers = self.destinations_of(id);
        peers.extend(self.sources.get(&id).into_iter().flatten());
        peers
    }
}

/// Removes `to` from the set of `from`, and the set when it is empty. Whether it was there.
fn unlink(map: &mut HashMap<PeerId, BTreeSet<PeerId>>, from: PeerId, to: PeerId) -> bool {
    let Some(set) = map.get_mut(&from) else { return false };
    let removed = set.remove(&to);
    if set.is_empty() {
        map.remove(&from);
    }
    removed
}
