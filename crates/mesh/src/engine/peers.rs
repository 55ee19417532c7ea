//! The programmed peers and the four ways to find one: by slot (WireGuard index), mesh address, node key, disco key.
//! Not here: which peers there should be.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use proto::key::{DiscoPublic, NodePublic};

use super::peer::Peer;

/// Most peers. A workspace daemon has one per client; the mark in WireGuard messages could name 2^24.
pub(crate) const MAX_PEERS: usize = 4096;

/// See the module.
#[derive(Default)]
pub(super) struct Peers {
    slots: Vec<Option<Peer>>,
    by_address: HashMap<Ipv6Addr, usize>,
    by_key: HashMap<NodePublic, usize>,
    by_disco: HashMap<DiscoPublic, usize>,
}

impl Peers {
    /// A free slot, which also is the mark of its WireGuard messages.
    pub(super) fn free_slot(&self) -> Option<usize> {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        (free < MAX_PEERS).then_some(free)
    }

    /// Puts a peer into a free slot. The caller has checked that key and addresses are nobody else's; a disco key that
    /// somebody else has stays with that one.
    pub(super) fn insert(&mut self, slot: usize, peer: Peer) {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        self.index(slot, &peer);
        self.slots[slot] = Some(peer);
    }

    fn index(&mut self, slot: usize, peer: &Peer) {
        self.by_key.insert(peer.key, slot);
        self.by_disco.entry(peer.disco).or_insert(slot);
        self.by_address.extend(peer.addresses.iter().map(|address| (*address, slot)));
    }

    fn forget(&mut self, slot: usize) {
        self.by_key.retain(|_, found| *found != slot);
        self.by_disco.retain(|_, found| *found != slot);
        self.by_address.retain(|_, found| *found != slot);
    }

    pub(super) fn remove(&mut self, slot: usize) -> Option<Peer> {
        self.forget(slot);
        self.slots.get_mut(slot)?.take()
    }

    /// Changes disco key or addresses of a peer.
    pub(super) fn change(&mut self, slot: usize, change: impl FnOnce(&mut Peer)) {
        self.forget(slot);
        let Some(mut peer) = self.slots.get_mut(slot).and_then(Option::take) else { return };
        change(&mut peer);
        self.index(slot, &peer);
        self.slots[slot] = Some(peer);
    }

    pub(super) fn get(&self, slot: usize) -> Option<&Peer> {
        self.slots.get(slot)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Peer> {
        self.slots.get_mut(slot)?.as_mut()
    }

    pub(super) fn slot_of_address(&self, address: Ipv6Addr) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    pub(super) fn slot_of_key(&self, key: &NodePublic) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    pub(super) fn slot_of_disco(&self, key: &DiscoPublic) -> Option<usize> {
        self.by_disco.get(key).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.slots.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.slots.iter_mut().flatten()
    }
}
