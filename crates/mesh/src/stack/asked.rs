//! SYNs that are held until the driver knows whether loopback takes the connection.

use std::collections::HashMap;
use std::net::SocketAddrV6;
use std::time::{Duration, Instant};

use super::AskId;

/// Most SYNs that wait for the driver's answer.
pub const MAX_ASKED: usize = 256;
/// A SYN whose question was not answered by then is forgotten (the peer has given up, too).
const ASK_TIMEOUT: Duration = Duration::from_secs(20);

/// A held SYN.
pub struct Asked {
    pub syn: Vec<u8>,
    pub local: SocketAddrV6,
    pub remote: SocketAddrV6,
    since: Instant,
}

/// All held SYNs.
#[derive(Default)]
pub struct AskedTable {
    by_id: HashMap<AskId, Asked>,
    by_ends: HashMap<(SocketAddrV6, SocketAddrV6), AskId>,
}

impl AskedTable {
    /// Holds a SYN. False when it repeats one that is held, or too many are.
    pub fn hold(&mut self, id: AskId, syn: &[u8], local: SocketAddrV6, remote: SocketAddrV6, now: Instant) -> bool {
        if self.by_id.len() >= MAX_ASKED || self.by_ends.contains_key(&(local, remote)) {
            return false;
        }
        self.by_id.insert(id, Asked { syn: syn.to_vec(), local, remote, since: now });
        self.by_ends.insert((local, remote), id);
        true
    }

    /// Lets go of a SYN.
    pub fn take(&mut self, id: AskId) -> Option<Asked> {
        let asked = self.by_id.remove(&id)?;
        self.by_ends.remove(&(asked.local, asked.remote));
        Some(asked)
    }

    /// Lets go of those that nobody answered.
    pub fn forget_old(&mut self, now: Instant) {
        if self.next_due().is_some_and(|due| now >= due) {
            self.by_id.retain(|_, asked| now < asked.since + ASK_TIMEOUT);
            self.by_ends.retain(|_, id| self.by_id.contains_key(id));
        }
    }

    /// When [`AskedTable::forget_old`] has something to do.
    pub fn next_due(&self) -> Option<Instant> {
        self.by_id.values().map(|asked| asked.since + ASK_TIMEOUT).min()
    }

    /// Held SYNs.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        assert_eq!(self.by_id.len(), self.by_ends.len());
        self.by_id.len()
    }
}
