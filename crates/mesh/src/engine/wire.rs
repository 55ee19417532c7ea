//! What every peer shares to get packets out: outputs, relays, our keys, random bytes, the wake-up time. Not here:
//! anything about one peer.

use std::net::SocketAddr;
use std::time::Instant;

use proto::disco::{self, Message, SharedKey, TxId};
use proto::key::{DiscoPrivate, DiscoPublic, NodePublic};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::RngCore;

use super::output::Outputs;
use super::path::Via;
use super::relays::Relays;

/// See the module.
pub(super) struct Wire {
    pub(super) outputs: Outputs,
    pub(super) relays: Relays,
    pub(super) random: ChaCha12Rng,
    pub(super) node_key: NodePublic,
    pub(super) disco_private: DiscoPrivate,
    pub(super) disco_key: DiscoPublic,
    /// Neither advertise nor use direct paths.
    pub(super) is_blocked: bool,
    /// Our own endpoints, for call-me-maybe; empty when direct paths are blocked.
    pub(super) endpoints: Vec<SocketAddr>,
    wake: Option<Instant>,
}

impl Wire {
    pub(super) fn new(disco: DiscoPrivate, node: NodePublic, is_blocked: bool, random: ChaCha12Rng) -> Self {
        Self {
            outputs: Outputs::default(),
            relays: Relays::default(),
            random,
            node_key: node,
            disco_key: disco.public(),
            disco_private: disco,
            is_blocked,
            endpoints: Vec::new(),
            wake: None,
        }
    }

    /// The engine must look at its timers at this time at the latest.
    pub(super) fn schedule(&mut self, at: impl Into<Option<Instant>>) {
        if let Some(at) = at.into() {
            self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
        }
    }

    pub(super) fn wake(&self) -> Option<Instant> {
        self.wake
    }

    /// All timers are looked at now; each one schedules itself again.
    pub(super) fn clear_schedule(&mut self) {
        self.wake = None;
    }

    pub(super) fn number(&mut self) -> u64 {
        self.random.next_u64()
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    pub(super) fn tx_id(&mut self) -> TxId {
        TxId(self.bytes())
    }

    /// Sends a disco message to the owner of `peer`.
    pub(super) fn send_disco(&mut self, key: &SharedKey, peer: NodePublic, via: Via, message: &Message, now: Instant) {
        let nonce = self.bytes::<{ disco::NONCE }>();
        let packet = key.seal(&self.disco_key, message, nonce);
        match via {
            Via::Udp(_) if self.is_blocked => {}
            Via::Udp(to) => self.outputs.datagram(to, packet.len(), |space| {
                space[..packet.len()].copy_from_slice(&packet);
                packet.len()
            }),
            Via::Relay(region) => {
                self.relays.send(region, peer, packet.as_slice().into(), &mut self.outputs, now);
            }
        }
    }
}
