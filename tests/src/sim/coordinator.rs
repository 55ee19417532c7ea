//! A coordinator small enough to be obviously right: who told what to whom (spec `tailnet.md` 5.1). Not here: access
//! rules, the server's own coordinator.

use std::collections::{BTreeMap, BTreeSet};

use proto::id::PeerId;
use proto::tailnet::{CoordinateRequest, CoordinateResponse, Node, PeerUpdate, PeerUpdateKind};

/// See the module. All methods return what to tell to whom.
#[derive(Debug, Default)]
pub struct Coordinator {
    nodes: BTreeMap<PeerId, Node>,
    tunnels: BTreeSet<(PeerId, PeerId)>,
    /// READY_FOR_HANDSHAKE is not passed on, as if the agent were too old to send it.
    pub is_ready_muted: bool,
    /// Every request, for tests that look at the conversation.
    pub log: Vec<(PeerId, CoordinateRequest)>,
}

fn update(id: PeerId, kind: PeerUpdateKind, node: Option<Node>) -> CoordinateResponse {
    let update = PeerUpdate { id: id.to_wire(), node, kind: kind.into(), reason: String::new() };
    CoordinateResponse { peer_updates: vec![update], error: String::new() }
}

impl Coordinator {
    fn partners(&self, peer: PeerId) -> BTreeSet<PeerId> {
        let pairs = self.tunnels.iter();
        pairs.filter_map(|(a, b)| if *a == peer { Some(*b) } else { (*b == peer).then_some(*a) }).collect()
    }

    pub fn handle(&mut self, from: PeerId, request: CoordinateRequest) -> Vec<(PeerId, CoordinateResponse)> {
        let mut out = Vec::new();
        self.log.push((from, request.clone()));
        if let Some(node) = request.update_self.and_then(|update| update.node) {
            self.nodes.insert(from, node.clone());
            for partner in self.partners(from) {
                out.push((partner, update(from, PeerUpdateKind::Node, Some(node.clone()))));
            }
        }
        if let Some(to) = request.add_tunnel.and_then(|tunnel| PeerId::from_wire(&tunnel.id).ok()) {
            self.tunnels.insert((from, to));
            for (receiver, about) in [(from, to), (to, from)] {
                if let Some(node) = self.nodes.get(&about) {
                    out.push((receiver, update(about, PeerUpdateKind::Node, Some(node.clone()))));
                }
            }
        }
        if let Some(to) = request.remove_tunnel.and_then(|tunnel| PeerId::from_wire(&tunnel.id).ok()) {
            self.tunnels.remove(&(from, to));
            out.push((to, update(from, PeerUpdateKind::Disconnected, None)));
            out.push((from, update(to, PeerUpdateKind::Disconnected, None)));
        }
        for ready in request.ready_for_handshake {
            if let Ok(to) = PeerId::from_wire(&ready.id)
                && !self.is_ready_muted
            {
                out.push((to, update(from, PeerUpdateKind::ReadyForHandshake, None)));
            }
        }
        if request.disconnect.is_some() {
            out.extend(self.leave(from, PeerUpdateKind::Disconnected));
        }
        out
    }

    /// A peer's stream ended.
    pub fn leave(&mut self, peer: PeerId, kind: PeerUpdateKind) -> Vec<(PeerId, CoordinateResponse)> {
        self.nodes.remove(&peer);
        let partners = self.partners(peer);
        self.tunnels.retain(|(from, _)| *from != peer);
        partners.into_iter().map(|partner| (partner, update(peer, kind, None))).collect()
    }

    /// What a peer that came back is told at once.
    pub fn welcome(&self, peer: PeerId) -> Vec<(PeerId, CoordinateResponse)> {
        let known = self.partners(peer).into_iter().filter_map(|other| Some((other, self.nodes.get(&other)?.clone())));
        known.map(|(other, node)| (peer, update(other, PeerUpdateKind::Node, Some(node)))).collect()
    }
}
