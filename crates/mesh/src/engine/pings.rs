//! Pings that somebody waits for: disco pings over all paths, and TSMP pings inside the tunnel (spec
//! `derp-disco-stun.md` 5.1). Not here: repeating them.

use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use proto::disco::TxId;

use super::inner::{self, Addresses};
use super::output::Output;
use super::path::{PING_TIMEOUT, Via};
use super::status::{Path, Pong};
use super::{Engine, PingKind};

/// A TSMP ping is unanswered after this.
const TSMP_TIMEOUT: Duration = Duration::from_secs(10);
/// Most pings waited for at once; each holds a few ids.
const MAX_WAITING: usize = 256;

/// What the answer must carry.
#[derive(Debug)]
enum Expected {
    Disco(Vec<TxId>),
    Tsmp([u8; 8]),
}

/// A ping under way.
#[derive(Debug)]
struct Waiting {
    token: u64,
    slot: usize,
    expected: Expected,
    sent: Instant,
    deadline: Instant,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pings {
    waiting: Vec<Waiting>,
}

impl Pings {
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }

    fn take(&mut self, slot: usize, fits: impl Fn(&Expected) -> bool) -> Option<Waiting> {
        let index = self.waiting.iter().position(|waiting| waiting.slot == slot && fits(&waiting.expected))?;
        Some(self.waiting.swap_remove(index))
    }
}

impl Engine {
    /// Pings a peer; the answer comes as [`Output::Pinged`] with this token. An unknown address is answered at once with
    /// no pong; ask [`Engine::has_peer`] first.
    pub fn start_ping(&mut self, address: Ipv6Addr, kind: PingKind, token: u64, now: Instant) {
        let slot = self.peers.slot_of_address(address).filter(|_| self.pings.waiting.len() < MAX_WAITING);
        let Some(slot) = slot else { return self.wire.outputs.push(Output::Pinged { token, pong: None }) };
        let (expected, timeout) = match kind {
            PingKind::Disco => (Expected::Disco(self.ping_paths(slot, now)), PING_TIMEOUT),
            PingKind::Tsmp => {
                let data = self.wire.bytes();
                let source = self.source_for(address);
                let ping = inner::tsmp_ping(Addresses { source, destination: address }, data);
                self.handle_inner(&ping, now);
                (Expected::Tsmp(data), TSMP_TIMEOUT)
            }
        };
        let deadline = now + timeout;
        self.pings.waiting.push(Waiting { token, slot, expected, sent: now, deadline });
        self.wire.schedule(deadline);
    }

    /// Pings the trusted address, else every candidate and the relay at once.
    fn ping_paths(&mut self, slot: usize, now: Instant) -> Vec<TxId> {
        let Self { peers, wire, .. } = self;
        let Some(peer) = peers.get_mut(slot) else { return Vec::new() };
        let mut targets = Vec::new();
        if !wire.is_blocked {
            targets.extend(peer.path.all_for_ping(now).into_iter().map(Via::Udp));
        }
        if peer.path.direct(now).is_none() || wire.is_blocked {
            targets.push(Via::Relay(peer.relay(wire)));
        }
        targets.into_iter().map(|via| peer.ping(via, wire, now)).collect()
    }

    /// Our address in the same prefix as theirs, else the first.
    fn source_for(&self, destination: Ipv6Addr) -> Ipv6Addr {
        let shares = |address: &&Ipv6Addr| address.octets()[..6] == destination.octets()[..6];
        let ours = &self.config.addresses;
        ours.iter().find(shares).or(ours.first()).copied().unwrap_or(Ipv6Addr::UNSPECIFIED)
    }

    /// A disco pong came; whoever waits for it is told.
    pub(super) fn finish_disco_ping(&mut self, slot: usize, tx_id: TxId, via: Via, latency: Duration) {
        let fits = |expected: &Expected| matches!(expected, Expected::Disco(ids) if ids.contains(&tx_id));
        let Some(waiting) = self.pings.take(slot, fits) else { return };
        let path = match via {
            Via::Udp(address) => Path::Direct(address),
            Via::Relay(region) => Path::Relay(region),
        };
        self.wire.outputs.push(Output::Pinged { token: waiting.token, pong: Some(Pong { latency, path }) });
    }

    /// A TSMP pong came; whoever waits for it is told.
    pub(super) fn finish_tsmp_ping(&mut self, slot: usize, data: [u8; 8], now: Instant) {
        let fits = |expected: &Expected| matches!(expected, Expected::Tsmp(sent) if *sent == data);
        let Some(waiting) = self.pings.take(slot, fits) else { return };
        let path = self.peers.get(slot).map_or(Path::None, |peer| peer.current_path(&self.wire, now).0);
        let latency = now.saturating_duration_since(waiting.sent);
        self.wire.outputs.push(Output::Pinged { token: waiting.token, pong: Some(Pong { latency, path }) });
    }

    pub(super) fn expire_pings(&mut self, now: Instant) {
        let outputs = &mut self.wire.outputs;
        self.pings.waiting.retain(|waiting| {
            let is_over = now >= waiting.deadline;
            if is_over {
                outputs.push(Output::Pinged { token: waiting.token, pong: None });
            }
            !is_over
        });
    }
}
