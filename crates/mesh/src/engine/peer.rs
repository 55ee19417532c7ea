//! One programmed peer: its keys, its WireGuard session and its paths, composed. Not here: who may be a peer, and the
//! lookup tables.

use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use proto::disco::{Message, SharedKey, TxId};
use proto::id::PeerId;
use proto::key::{DiscoPublic, NodePrivate, NodePublic};

use super::path::{PathState, Probe, Via};
use super::status::{Path, PeerStatus};
use super::wire::Wire;
use super::wireguard::{OVERHEAD, Received, Session};

#[cfg(test)]
mod tests;

/// Timers of a peer are looked at soon after anything happened to it.
const SOON: Duration = Duration::from_millis(250);

/// See the module.
pub(super) struct Peer {
    pub(super) id: PeerId,
    pub(super) key: NodePublic,
    pub(super) disco: DiscoPublic,
    shared: SharedKey,
    pub(super) addresses: Vec<Ipv6Addr>,
    pub(super) home: i32,
    /// A region by which its packets came lately, when that is not its home.
    pub(super) reverse_route: Option<i32>,
    pub(super) path: PathState,
    session: Session,
    received_bytes: u64,
    sent_bytes: u64,
}

/// What makes a peer.
pub(super) struct PeerConfig {
    pub(super) id: PeerId,
    pub(super) key: NodePublic,
    pub(super) disco: DiscoPublic,
    pub(super) addresses: Vec<Ipv6Addr>,
    pub(super) home: i32,
}

impl Peer {
    pub(super) fn new(config: PeerConfig, ours: &NodePrivate, index: u32, wire: &mut Wire) -> Self {
        Self {
            id: config.id,
            key: config.key,
            disco: config.disco,
            shared: SharedKey::new(&wire.disco_private, &config.disco),
            addresses: config.addresses,
            home: config.home,
            reverse_route: None,
            path: PathState::default(),
            session: Session::new(ours, config.key, index, wire.number()),
            received_bytes: 0,
            sent_bytes: 0,
        }
    }

    /// A new disco key is a restarted path search.
    pub(super) fn set_disco(&mut self, disco: DiscoPublic, wire: &Wire) {
        if self.disco != disco {
            self.disco = disco;
            self.shared = SharedKey::new(&wire.disco_private, &disco);
            self.path.reset();
        }
    }

    pub(super) fn shared(&self) -> &SharedKey {
        &self.shared
    }

    pub(super) fn last_handshake(&self) -> Option<Instant> {
        self.session.established()
    }

    /// Sets the persistent keep-alive; the first one begins the handshake.
    pub(super) fn keep_alive(&mut self, period: Duration, wire: &mut Wire, now: Instant) {
        self.session.set_keepalive(Some(period));
        if self.session.established().is_none() {
            self.send_message(OVERHEAD, |session, space| session.encrypt(&[], space, now), wire, now);
        }
    }

    /// Our addresses may have changed: no path is trusted, and the peer hears where we are.
    pub(super) fn note_moved(&mut self, now: Instant) {
        self.path.distrust(now);
        self.session.announce(now);
    }

    /// The relay has no such peer: what went there is lost, or a former way of the peer is closed. A peer that has only
    /// just started tells its home to others a moment before its relay knows it.
    pub(super) fn note_gone(&mut self, region: i32, wire: &mut Wire, now: Instant) {
        self.reverse_route = self.reverse_route.filter(|found| *found != region);
        if region == self.home {
            self.path.retry_search(now);
            self.hurry(wire, now);
        }
    }

    /// A handshake on its way is worth repeating soon: it got lost, or the peer showed that it is there and knows us.
    pub(super) fn hurry(&mut self, wire: &mut Wire, now: Instant) {
        self.session.hurry(now);
        wire.schedule(self.session.next_timeout());
    }

    /// The region to use when a packet must be relayed.
    pub(super) fn relay(&self, wire: &Wire) -> i32 {
        self.reverse_route.filter(|region| wire.relays.is_connected(*region)).unwrap_or(self.home)
    }

    /// Encrypts and sends an inner packet.
    pub(super) fn send(&mut self, packet: &[u8], wire: &mut Wire, now: Instant) {
        self.sent_bytes += packet.len() as u64;
        wire.schedule(now + SOON);
        let probe = if wire.is_blocked { Probe::default() } else { self.path.note_data(now) };
        self.send_message(packet.len() + OVERHEAD, |session, space| session.encrypt(packet, space, now), wire, now);
        self.send_probe(&probe, wire, now);
    }

    /// Sends one WireGuard message. The first handshake, like data, begins the search for a path (spec
    /// `derp-disco-stun.md` 5); keep-alives and the new keys that they need do not, or the paths of an idle tunnel would be
    /// pinged for ever.
    fn send_message(
        &mut self,
        expected: usize,
        write: impl FnOnce(&mut Session, &mut [u8]) -> usize,
        wire: &mut Wire,
        now: Instant,
    ) -> bool {
        let mut is_handshake = false;
        let write = |session: &mut Session, space: &mut [u8]| {
            let written = write(session, space);
            is_handshake = written > 0 && session.is_first_handshake(space);
            written
        };
        let is_sent = self.carry_message(expected, write, wire, now);
        if is_handshake && !wire.is_blocked {
            let probe = self.path.note_data(now);
            self.send_probe(&probe, wire, now);
        }
        is_sent
    }

    /// Sends what `write` puts into the space it is given, by the paths of this moment.
    fn carry_message(
        &mut self,
        expected: usize,
        write: impl FnOnce(&mut Session, &mut [u8]) -> usize,
        wire: &mut Wire,
        now: Instant,
    ) -> bool {
        let route = self.path.route(now);
        let udp = route.udp.filter(|_| !wire.is_blocked);
        let session = &mut self.session;
        let mut written = 0;
        if let Some(to) = udp.filter(|_| !route.relay) {
            wire.outputs.datagram(to, expected, |space| {
                written = write(session, space);
                written
            });
            if written > 0 {
                wire.schedule(now + SOON);
            }
            return written > 0;
        }
        written = write(session, wire.outputs.space(expected));
        if written == 0 {
            return false;
        }
        wire.schedule(now + SOON);
        let message = wire.outputs.cut(written);
        if let Some(to) = udp {
            wire.outputs.datagram(to, written, |space| {
                space[..written].copy_from_slice(&message);
                written
            });
        }
        let region = self.relay(wire);
        wire.relays.send(region, self.key, message, &mut wire.outputs, now);
        true
    }

    /// Pings and calls for a path.
    pub(super) fn send_probe(&mut self, probe: &Probe, wire: &mut Wire, now: Instant) {
        if wire.is_blocked {
            return;
        }
        for address in &probe.ping {
            self.ping(Via::Udp(*address), wire, now);
        }
        if probe.call && !wire.endpoints.is_empty() {
            let message = Message::CallMeMaybe { endpoints: wire.endpoints.clone() };
            let region = self.relay(wire);
            wire.send_disco(&self.shared, self.key, Via::Relay(region), &message, now);
        }
    }

    /// Sends a disco ping.
    pub(super) fn ping(&mut self, via: Via, wire: &mut Wire, now: Instant) -> TxId {
        let tx_id = wire.tx_id();
        self.path.note_ping_sent(tx_id, via, now);
        let message = Message::Ping { tx_id, node_key: Some(wire.node_key) };
        wire.send_disco(&self.shared, self.key, via, &message, now);
        wire.schedule(now + SOON);
        tx_id
    }

    /// A WireGuard message of this peer: delivers an inner packet to the caller, answers handshakes.
    pub(super) fn receive(&mut self, message: &[u8], via: Via, wire: &mut Wire, now: Instant) -> Option<BytesMut> {
        let from = match via {
            Via::Udp(from) => Some(from.ip()),
            Via::Relay(_) => None,
        };
        let space = wire.outputs.space(message.len());
        let inner = match self.session.decrypt(message, from, space, now) {
            Received::Refused => return None,
            Received::Nothing => None,
            Received::Inner(length) => Some(wire.outputs.cut(length)),
            Received::Answer(length) => {
                let answer = wire.outputs.cut(length);
                self.send_answer(&answer, via, wire, now);
                None
            }
        };
        wire.schedule(now + SOON);
        while self.send_message(1280 + OVERHEAD, |session, space| session.encrypt_queued(space, now), wire, now) {}
        inner
    }

    /// A cookie goes back where it was asked from; everything else takes the path of data.
    fn send_answer(&mut self, answer: &[u8], via: Via, wire: &mut Wire, now: Instant) {
        let copy = |space: &mut [u8]| {
            space[..answer.len()].copy_from_slice(answer);
            answer.len()
        };
        match via {
            Via::Udp(from) if answer.first() == Some(&3) => wire.outputs.datagram(from, answer.len(), copy),
            _ => {
                self.send_message(answer.len(), |_, space| copy(space), wire, now);
            }
        }
    }

    pub(super) fn note_delivered(&mut self, bytes: usize) {
        self.received_bytes += bytes as u64;
    }

    /// Whether a handshake message from this address is worth an answer.
    pub(super) fn may_handshake_from(&self, from: SocketAddr) -> bool {
        self.path.is_proven(from)
    }

    /// Does what is due, and says when to come again.
    pub(super) fn handle_timeout(&mut self, wire: &mut Wire, now: Instant) {
        let probe = self.path.handle_timeout(now);
        self.send_probe(&probe, wire, now);
        // A bound, should a session ever have more to say than handshake, keep-alive and rekey.
        for _ in 0..4 {
            if !self.send_message(148, |session, space| session.handle_timeout(space, now), wire, now) {
                break;
            }
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        [self.path.next_timeout(), self.session.next_timeout()].into_iter().flatten().min()
    }

    pub(super) fn current_path(&self, wire: &Wire, now: Instant) -> (Path, Option<Duration>) {
        match self.path.direct(now).filter(|_| !wire.is_blocked) {
            Some((address, latency)) => (Path::Direct(address), Some(latency)),
            None if self.home == 0 => (Path::None, None),
            None => (Path::Relay(self.relay(wire)), None),
        }
    }

    pub(super) fn status(&self, wire: &Wire, now: Instant) -> PeerStatus {
        let (path, latency) = self.current_path(wire, now);
        PeerStatus {
            id: self.id,
            key: self.key,
            addresses: self.addresses.clone(),
            path,
            latency,
            last_handshake: self.last_handshake().map(|at| now.saturating_duration_since(at)),
            received_bytes: self.received_bytes,
            sent_bytes: self.sent_bytes,
        }
    }
}
