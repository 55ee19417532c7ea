//! How many connections each peer has open: one peer must not take the places of the others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most open connections of one peer to our own ports: an editor with many windows uses about twenty.
pub const MAX_PER_PEER: usize = 128;
/// Most open connections of all peers together.
pub const MAX_TOTAL: usize = 1024;

/// Open connections by peer.
#[derive(Debug, Default)]
pub struct Quota(Mutex<HashMap<IpAddr, usize>>);

/// One open connection; dropping it gives the place back.
#[derive(Debug)]
pub struct Place {
    quota: Arc<Quota>,
    peer: IpAddr,
}

impl Quota {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection of this peer, if there is one.
    pub fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= MAX_TOTAL || open.get(&peer).is_some_and(|count| *count >= MAX_PER_PEER) {
            return None;
        }
        *open.entry(peer).or_default() += 1;
        Some(Place { quota: Arc::clone(self), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.quota.lock();
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
