//! Packets that arrive: disco, WireGuard, and what may come out of the tunnel (spec `derp-disco-stun.md` 4 and 8).
//!
//! Nothing is sent in answer to a packet that is not authenticated: disco of strangers is dropped before it is opened,
//! handshakes over UDP are worked on only from addresses that disco has proven, data must decrypt. Not here: the state
//! of sessions and paths.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;
use proto::disco::{self, Message, TxId};
use proto::key::NodePublic;
use proto::stun;

use super::Engine;
use super::inner::{self, Addresses, Tsmp};
use super::output::Output;
use super::path::Via;
use super::wireguard::{self, Kind};

impl Engine {
    /// A datagram arrived on the UDP socket. STUN answers belong to the driver's netcheck; here they are ignored. The
    /// datagram's bytes are scratch space afterwards.
    pub fn handle_udp(&mut self, from: SocketAddr, datagram: &mut [u8], now: Instant) {
        if self.wire.is_blocked || stun::is_stun(datagram) {
            return;
        }
        // A socket for both families names IPv4 senders in IPv6 form.
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        if datagram.starts_with(&disco::MAGIC) {
            return self.handle_disco(Via::Udp(from), None, datagram, now);
        }
        let slot = match wireguard::kind(datagram) {
            Some(Kind::Data(index) | Kind::Reply(index)) => usize::try_from(index).ok(),
            Some(Kind::Initiation) => {
                let key = self.doorman.identify(datagram, Some(from.ip()), now);
                let slot = key.and_then(|key| self.peers.slot_of_key(&key));
                slot.filter(|slot| self.peers.get(*slot).is_some_and(|peer| peer.may_handshake_from(from)))
            }
            None => None,
        };
        if let Some(slot) = slot {
            self.handle_wireguard(slot, datagram, Via::Udp(from), now);
        }
    }

    /// A packet arrived through a relay.
    pub fn handle_relay(&mut self, region: i32, from: NodePublic, packet: &mut [u8], now: Instant) {
        let Some(slot) = self.peers.slot_of_key(&from) else { return };
        if let Some(peer) = self.peers.get_mut(slot) {
            peer.reverse_route = (peer.home != region).then_some(region);
        }
        if packet.starts_with(&disco::MAGIC) {
            self.handle_disco(Via::Relay(region), Some(slot), packet, now);
        } else if wireguard::kind(packet).is_some() {
            self.handle_wireguard(slot, packet, Via::Relay(region), now);
        }
    }

    /// `claimed` is the peer that the relay names as sender.
    fn handle_disco(&mut self, via: Via, claimed: Option<usize>, packet: &mut [u8], now: Instant) {
        let Some(sender) = disco::sender(packet) else { return };
        let Some(slot) = claimed.or_else(|| self.peers.slot_of_disco(&sender)) else { return };
        let Self { peers, wire, .. } = self;
        let Some(peer) = peers.get_mut(slot).filter(|peer| peer.disco == sender) else { return };
        let message = peer.shared().open(packet);
        if message.is_ok() {
            peer.hurry(wire, now);
        }
        match message {
            Ok(Message::Ping { tx_id, node_key }) => {
                // Two peers may have one disco key (one program under two ids): the ping says which it is.
                let named = node_key.map_or(Some(slot), |key| self.peers.slot_of_key(&key));
                let named = named.filter(|slot| self.peers.get(*slot).is_some_and(|peer| peer.disco == sender));
                if let Some(slot) = named {
                    self.handle_ping(slot, tx_id, via, now);
                }
            }
            Ok(Message::Pong { tx_id, .. }) => {
                let pong = self.peers.get_mut(slot).and_then(|peer| peer.path.note_pong(tx_id, now));
                if let Some((to, latency)) = pong {
                    self.finish_disco_ping(slot, tx_id, to, latency);
                }
            }
            Ok(Message::CallMeMaybe { endpoints }) => {
                let Self { peers, wire, .. } = self;
                let Some(peer) = peers.get_mut(slot).filter(|_| matches!(via, Via::Relay(_))) else { return };
                if !wire.is_blocked {
                    for address in peer.path.set_call_endpoints(&endpoints, now) {
                        peer.ping(Via::Udp(address), wire, now);
                    }
                }
            }
            Err(error) => tracing::trace!(%error, "a disco packet is ignored"),
        }
    }

    fn handle_ping(&mut self, slot: usize, tx_id: TxId, via: Via, now: Instant) {
        let Self { peers, wire, .. } = self;
        let Some(peer) = peers.get_mut(slot) else { return };
        let source = match via {
            Via::Relay(region) => disco::relay_source(region),
            Via::Udp(from) => {
                let Some(is_new) = peer.path.note_ping(from, tx_id, now) else { return };
                if is_new {
                    peer.ping(via, wire, now);
                    if let Some(doubted) = peer.path.doubted(now) {
                        peer.ping(Via::Udp(doubted), wire, now);
                    }
                }
                from
            }
        };
        let message = Message::Pong { tx_id, source };
        wire.send_disco(peer.shared(), peer.key, via, &message, now);
    }

    fn handle_wireguard(&mut self, slot: usize, message: &[u8], via: Via, now: Instant) {
        let Self { peers, wire, .. } = self;
        let Some(peer) = peers.get_mut(slot) else { return };
        let Some(packet) = peer.receive(message, via, wire, now) else { return };
        self.deliver(slot, packet, now);
    }

    /// A decrypted packet: its source must be the peer's, its destination ours. TSMP is answered here, before any other
    /// rule, because Go clients open no connection until it is.
    fn deliver(&mut self, slot: usize, packet: BytesMut, now: Instant) {
        let Some(Addresses { source, destination }) = inner::addresses(&packet) else { return };
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if !peer.addresses.contains(&source) || !self.config.addresses.contains(&destination) {
            tracing::debug!(%source, %destination, "an inner packet with foreign addresses is dropped");
            return;
        }
        peer.note_delivered(packet.len());
        match inner::tsmp(&packet) {
            None => self.wire.outputs.push(Output::Inner(packet)),
            Some(Tsmp::Ping(data)) => {
                let answer = inner::tsmp_pong(Addresses { source: destination, destination: source }, data);
                self.handle_inner(&answer, now);
            }
            Some(Tsmp::Pong(data)) => self.finish_tsmp_ping(slot, data, now),
            Some(Tsmp::Other) => {}
        }
    }
}
