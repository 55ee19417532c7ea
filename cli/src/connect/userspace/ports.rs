//! Which local port leads to which port of a workspace daemon. Pure: whether a port is free is asked of an argument.

use std::collections::{BTreeMap, BTreeSet};

use proto::id::AgentId;
use proto::ipc::status::PORTS_IN_EVENT;

/// Most local ports in all. A workspace can listen on thousands; a person looks at some.
pub const MAX_PORTS: usize = PORTS_IN_EVENT;
/// The SSH port of every workspace daemon.
pub const SSH: u16 = 22;
/// Ports below belong to the system; 80 becomes 8080.
const PRIVILEGED: u16 = 1024;
const RAISE: u16 = 8000;
/// Local ports that are tried for one remote port.
const MAX_TRIES: usize = 64;

/// A daemon's port.
pub type Remote = (AgentId, u16);

/// The local ports that are open, each with what holds it open.
pub struct Ports<L> {
    open: BTreeMap<Remote, (u16, L)>,
}

/// A step of [`Ports::settle`], as it is told to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// This local port leads there now.
    Opened(Remote, u16),
    /// It does not any more.
    Closed(Remote, u16),
    /// Nothing is free near its number, or there are too many.
    Refused(Remote),
}

impl<L> Default for Ports<L> {
    fn default() -> Self {
        Self { open: BTreeMap::new() }
    }
}

impl<L> Ports<L> {
    /// Opens what is wanted and not open, and closes what is open and not wanted. `wanted` is in the order of
    /// importance; `bind` returns a listener when the port is free, for good or to be asked again with another one;
    /// `close` gets what is no longer wanted.
    pub fn settle(
        &mut self,
        wanted: &[Remote],
        mut bind: impl FnMut(u16, Remote) -> Option<L>,
        mut close: impl FnMut(Remote, L),
    ) -> Vec<Change> {
        let keep: BTreeSet<Remote> = wanted.iter().copied().collect();
        let gone: Vec<Remote> = self.open.keys().filter(|remote| !keep.contains(remote)).copied().collect();
        let mut changes = Vec::new();
        for remote in gone {
            if let Some((local, listener)) = self.open.remove(&remote) {
                close(remote, listener);
                changes.push(Change::Closed(remote, local));
            }
        }
        for &remote in wanted {
            if self.open.contains_key(&remote) {
                continue;
            }
            let held: BTreeSet<u16> = self.open.values().map(|(local, _)| *local).collect();
            let mut candidates = candidates(remote.1).filter(|local| !held.contains(local)).take(MAX_TRIES);
            let has_room = self.open.len() < MAX_PORTS;
            let mut try_all = || candidates.find_map(|local| Some((local, bind(local, remote)?)));
            match has_room.then(&mut try_all).flatten() {
                Some((local, listener)) => {
                    self.open.insert(remote, (local, listener));
                    changes.push(Change::Opened(remote, local));
                }
                None => changes.push(Change::Refused(remote)),
            }
        }
        changes
    }

    /// What is open: remote and local.
    pub fn iter(&self) -> impl Iterator<Item = (Remote, u16)> {
        self.open.iter().map(|(remote, (local, _))| (*remote, *local))
    }
}

/// The same number, or one above the privileged ones, and those after it.
fn candidates(remote: u16) -> impl Iterator<Item = u16> {
    let first = if remote < PRIVILEGED { remote + RAISE } else { remote };
    first..=u16::MAX
}

#[cfg(test)]
mod tests;
