//! The endpoints at which we may be reachable, as we advertise them (spec `derp-disco-stun.md` 5). Not here: asking STUN.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::netcheck::{MAX_STUN_ANSWERS, StunAnswer};

#[cfg(test)]
mod tests;

/// A STUN endpoint is advertised for so long after it was last seen: mappings outlive a missed answer.
const LIFETIME: Duration = Duration::from_secs(310);
/// An older list is refreshed before the peer is told to call us.
const FRESH: Duration = Duration::from_secs(27);
/// Most endpoints advertised: peers read no more from a call-me-maybe, and each costs them a ping.
const MAX_ENDPOINTS: usize = 32;
/// Most STUN endpoints remembered.
const MAX_MAPPED: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Endpoints {
    local: Vec<SocketAddr>,
    /// Newest first.
    mapped: Vec<(SocketAddr, Instant)>,
    pub(super) udp_works: bool,
    pub(super) public_v4: Option<SocketAddr>,
    pub(super) public_v6: Option<SocketAddr>,
    pub(super) mapping_varies: Option<bool>,
    refreshed: Option<Instant>,
}

impl Endpoints {
    /// The interface addresses; the caller leaves out loopback when something else exists.
    pub(super) fn set_local(&mut self, local: Vec<SocketAddr>) {
        self.local = local;
        self.local.truncate(MAX_ENDPOINTS);
    }

    /// What STUN servers saw.
    pub(super) fn handle_stun(&mut self, answers: &[StunAnswer], now: Instant) {
        let answers = &answers[..answers.len().min(MAX_STUN_ANSWERS)];
        let seen = |is_v4: bool| answers.iter().map(|answer| answer.mapped).filter(move |at| at.is_ipv4() == is_v4);
        self.udp_works = !answers.is_empty();
        self.public_v4 = seen(true).next();
        self.public_v6 = seen(false).next();
        let mut servers: Vec<SocketAddr> =
            answers.iter().filter(|answer| answer.mapped.is_ipv4()).map(|answer| answer.server).collect();
        servers.sort_unstable();
        servers.dedup();
        self.mapping_varies = (servers.len() > 1).then(|| seen(true).any(|other| Some(other) != self.public_v4));
        self.refreshed = Some(now);
        for address in [self.public_v6, self.public_v4].into_iter().flatten() {
            self.mapped.retain(|(known, _)| *known != address);
            self.mapped.insert(0, (address, now));
        }
        self.mapped.retain(|(_, at)| now < *at + LIFETIME);
        self.mapped.truncate(MAX_MAPPED);
    }

    /// The network changed: what STUN saw before is history.
    pub(super) fn forget_mapped(&mut self) {
        self.mapped.clear();
        self.public_v4 = None;
        self.public_v6 = None;
        self.mapping_varies = None;
        self.refreshed = None;
    }

    pub(super) fn are_fresh(&self, now: Instant) -> bool {
        self.refreshed.is_some_and(|at| now < at + FRESH)
    }

    /// The list, best first, without repetition.
    pub(super) fn list(&self) -> Vec<SocketAddr> {
        let mut list: Vec<SocketAddr> = Vec::new();
        let local_port = self.local.iter().find(|address| address.is_ipv4()).map(SocketAddr::port);
        // A NAT that maps by destination often has a port forwarded by hand to the socket's own port.
        let guess = self.public_v4.filter(|_| self.mapping_varies == Some(true)).zip(local_port);
        let guess = guess.map(|(public, port)| SocketAddr::new(public.ip(), port));
        let now_seen = [self.public_v4, guess, self.public_v6].into_iter().flatten();
        let cached = self.mapped.iter().map(|(address, _)| *address);
        for endpoint in now_seen.chain(cached).chain(self.local.iter().copied()) {
            if list.len() < MAX_ENDPOINTS && !list.contains(&endpoint) {
                list.push(endpoint);
            }
        }
        list
    }
}
