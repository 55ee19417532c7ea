//! Which connection gets the packets for a key (spec `derp-disco-stun.md` 3, duplicate keys).
//!
//! Pure, and generic over what a connection is. One key on several connections: packets go to the one that wrote last;
//! when an earlier writer writes again, both are alive and fight, and nobody gets packets until one of them leaves.

use std::collections::HashMap;

use proto::key::NodePublic;

/// All connections by key.
#[derive(Debug)]
pub(super) struct Table<C> {
    keys: HashMap<NodePublic, Slot<C>>,
    connections: usize,
}

impl<C> Default for Table<C> {
    fn default() -> Self {
        Self { keys: HashMap::new(), connections: 0 }
    }
}

#[derive(Debug)]
struct Slot<C> {
    /// At least one, in the order they came.
    connections: Vec<(u64, C)>,
    /// Who wrote since there are duplicates, without repeats.
    writers: Vec<u64>,
    active: Option<u64>,
}

/// Who still has the key after a connection left.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left<C> {
    /// The key is gone.
    Nobody,
    /// One connection, no longer a duplicate.
    One(C),
    /// Several.
    Many,
}

impl<C: Clone> Table<C> {
    /// A connection comes, and becomes the active one. Returns all connections of the key when it has duplicates now.
    pub(super) fn connect(&mut self, key: NodePublic, id: u64, connection: C) -> Vec<C> {
        self.connections += 1;
        let slot =
            self.keys.entry(key).or_insert_with(|| Slot { connections: Vec::new(), writers: Vec::new(), active: None });
        slot.connections.push((id, connection));
        if slot.connections.len() == 1 {
            slot.active = Some(id);
            return Vec::new();
        }
        // The older one proved nothing lately; a fight that goes on stays one.
        let is_fight = slot.active.is_none();
        if !is_fight {
            slot.active = Some(id);
        }
        slot.connections.iter().map(|(_, connection)| connection.clone()).collect()
    }

    /// A connection left.
    pub(super) fn disconnect(&mut self, key: NodePublic, id: u64) -> Left<C> {
        let Some(slot) = self.keys.get_mut(&key) else { return Left::Nobody };
        let before = slot.connections.len();
        slot.connections.retain(|(other, _)| *other != id);
        self.connections -= before - slot.connections.len();
        slot.writers.retain(|other| *other != id);
        match slot.connections.as_slice() {
            [] => {
                self.keys.remove(&key);
                Left::Nobody
            }
            [(last, connection)] => {
                slot.active = Some(*last);
                slot.writers.clear();
                Left::One(connection.clone())
            }
            [.., (newest, _)] => {
                if slot.active == Some(id) {
                    slot.active = Some(slot.writers.last().copied().unwrap_or(*newest));
                }
                Left::Many
            }
        }
    }

    /// A duplicate wrote. Whether that changed where packets go.
    pub(super) fn wrote(&mut self, key: NodePublic, id: u64) -> bool {
        let Some(slot) = self.keys.get_mut(&key) else { return false };
        if slot.connections.len() < 2 || slot.writers.last() == Some(&id) {
            return false;
        }
        let before = slot.active;
        if slot.writers.contains(&id) {
            slot.active = None;
        } else {
            slot.writers.push(id);
            if slot.active.is_some() {
                slot.active = Some(id);
            }
        }
        slot.active != before
    }

    /// Where packets for the key go.
    pub(super) fn route(&self, key: NodePublic) -> Route<C> {
        let Some(slot) = self.keys.get(&key) else { return Route::NotHere };
        let active = slot.active.and_then(|id| slot.connections.iter().find(|(other, _)| *other == id));
        active.map_or(Route::Fight, |(_, connection)| Route::To(connection.clone()))
    }

    /// All connections of a key.
    pub(super) fn connections(&self, key: NodePublic) -> impl Iterator<Item = &C> {
        self.keys.get(&key).into_iter().flat_map(|slot| slot.connections.iter().map(|(_, connection)| connection))
    }

    pub(super) fn connection_count(&self) -> usize {
        self.connections
    }
}

/// The answer to "who gets this?".
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<C> {
    /// This connection.
    To(C),
    /// Nobody while duplicates fight.
    Fight,
    /// Nobody has the key.
    NotHere,
}
