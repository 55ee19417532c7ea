//! Which relay regions are connected, and the few packets that wait while one connects (spec
//! `derp-disco-stun.md` 3, client behaviour). Not here: sockets, and the choice of the home region.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use proto::derp_map::DerpMap;
use proto::key::NodePublic;

use super::output::{Output, Outputs};

/// A region that is not home and carried nothing for so long is closed.
const IDLE: Duration = Duration::from_secs(60);
/// Packets kept per region while it connects: a handshake and a first window; older ones are stale anyway.
const MAX_WAITING: usize = 32;
/// Most regions connected at once. A hostile peer must not make us connect everywhere.
const MAX_CONNECTED: usize = 16;

#[derive(Debug)]
struct Relay {
    is_connected: bool,
    last_write: Instant,
    waiting: VecDeque<(NodePublic, BytesMut)>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Relays {
    /// Regions of the map that have a relay.
    known: BTreeSet<i32>,
    open: BTreeMap<i32, Relay>,
    home: i32,
}

impl Relays {
    /// Regions of the map that can carry packets.
    pub(super) fn known(&self) -> &BTreeSet<i32> {
        &self.known
    }

    pub(super) fn set_map(&mut self, map: &DerpMap, outputs: &mut Outputs) {
        self.known = map
            .regions
            .iter()
            .filter(|(_, region)| region.nodes.iter().any(|node| !node.stun_only))
            .map(|(id, _)| *id)
            .collect();
        let gone: Vec<i32> = self.open.keys().filter(|region| !self.known.contains(region)).copied().collect();
        gone.into_iter().for_each(|region| self.close(region, outputs));
    }

    pub(super) fn set_home(&mut self, region: i32, outputs: &mut Outputs, now: Instant) {
        let former = std::mem::replace(&mut self.home, region);
        if former == region {
            return;
        }
        if self.open.contains_key(&former) {
            outputs.push(Output::ConnectRelay { region: former, home: false });
        }
        if self.open.contains_key(&region) {
            outputs.push(Output::ConnectRelay { region, home: true });
        } else {
            self.open(region, outputs, now);
        }
    }

    fn open(&mut self, region: i32, outputs: &mut Outputs, now: Instant) -> bool {
        let is_home = region == self.home;
        if !self.known.contains(&region) || (self.open.len() >= MAX_CONNECTED && !is_home) {
            return false;
        }
        let relay = Relay { is_connected: false, last_write: now, waiting: VecDeque::new() };
        self.open.insert(region, relay);
        outputs.push(Output::ConnectRelay { region, home: is_home });
        true
    }

    fn close(&mut self, region: i32, outputs: &mut Outputs) {
        if self.open.remove(&region).is_some() {
            outputs.push(Output::CloseRelay { region });
        }
    }

    /// Whether a packet can go that way at once.
    pub(super) fn is_connected(&self, region: i32) -> bool {
        self.open.get(&region).is_some_and(|relay| relay.is_connected)
    }

    /// Sends through a region, connecting to it first when needed.
    pub(super) fn send(&mut self, region: i32, to: NodePublic, data: BytesMut, outputs: &mut Outputs, now: Instant) {
        if !self.open.contains_key(&region) && !self.open(region, outputs, now) {
            return;
        }
        let Some(relay) = self.open.get_mut(&region) else { return };
        relay.last_write = now;
        if relay.is_connected {
            outputs.push(Output::Relay { region, to, data });
            return;
        }
        if relay.waiting.len() >= MAX_WAITING {
            relay.waiting.pop_front();
        }
        relay.waiting.push_back((to, data));
    }

    pub(super) fn handle_connected(&mut self, region: i32, outputs: &mut Outputs) {
        let Some(relay) = self.open.get_mut(&region) else { return };
        relay.is_connected = true;
        for (to, data) in relay.waiting.drain(..) {
            outputs.push(Output::Relay { region, to, data });
        }
    }

    pub(super) fn handle_disconnected(&mut self, region: i32) {
        if let Some(relay) = self.open.get_mut(&region) {
            relay.is_connected = false;
        }
    }

    pub(super) fn handle_timeout(&mut self, outputs: &mut Outputs, now: Instant) {
        let is_idle = |(region, relay): &(&i32, &Relay)| **region != self.home && now >= relay.last_write + IDLE;
        let idle: Vec<i32> = self.open.iter().filter(is_idle).map(|(region, _)| *region).collect();
        idle.into_iter().for_each(|region| self.close(region, outputs));
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let other = self.open.iter().filter(|(region, _)| **region != self.home);
        other.map(|(_, relay)| relay.last_write + IDLE).min()
    }
}
