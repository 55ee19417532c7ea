//! How one peer is reached: candidates, the best of them, and how long it is trusted (spec `derp-disco-stun.md` 5).
//!
//! ```text
//!            no best ──pong──► trusted (UDP only) ──6.5 s without pong──► doubted (UDP and relay)
//!               ▲                   ▲              or a sign of a move       │
//!               └── candidate gone ─┴──────────────── pong ──────────────────┘
//! ```
//!
//! Signs of a move: the peer calls (it has no path to us), pings from an address that it never had, or does not answer
//! a ping while data flows. A doubt costs some packets twice; a dead path that is trusted costs seconds.
//! There is no downgrade: a trusted address stays until a better one answers; a doubted one until any answers, or until
//! it is no candidate any more. Not here: sealing and sending pings, relays.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use proto::disco::TxId;

#[cfg(test)]
mod tests;

/// After the last pong an address is used alone for so long.
const TRUST: Duration = Duration::from_millis(6500);
/// Ping of the best address while data flows.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// A heartbeat that is unanswered for so long raises a doubt; slower than nearly every path that is used.
const PATIENCE: Duration = Duration::from_secs(1);
/// Without outgoing data for so long, heartbeats stop.
const ACTIVE: Duration = Duration::from_secs(45);
/// A best address slower than [`GOOD_ENOUGH`] is challenged this often.
const UPGRADE: Duration = Duration::from_secs(60);
/// Nothing better is looked for below this latency.
const GOOD_ENOUGH: Duration = Duration::from_millis(5);
/// A candidate is pinged at most this often, and call-me-maybe is sent at most this often.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Least pause between two searches.
const SEARCH_PAUSE: Duration = Duration::from_millis(250);
/// A ping is unanswered after this.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// A candidate known only from its ping is forgotten after this silence.
const LEARNED_LIFETIME: Duration = Duration::from_secs(45);
/// Most candidates: each costs a ping per discovery. Interfaces, mappings and cached ones of a real peer are below 20.
const MAX_CANDIDATES: usize = 64;
/// Most pings without answer: all candidates, twice.
const MAX_PINGS: usize = 2 * MAX_CANDIDATES;

/// Where a disco message went or came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    /// Straight over UDP.
    Udp(SocketAddr),
    /// Through this relay region.
    Relay(i32),
}

/// Where a packet must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    /// To this address,
    pub(super) udp: Option<SocketAddr>,
    /// and through the relay.
    pub(super) relay: bool,
}

/// What to send to find or keep a path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Probe {
    /// Ping these.
    pub(super) ping: Vec<SocketAddr>,
    /// Tell the peer our endpoints.
    pub(super) call: bool,
}

#[derive(Debug, Default)]
struct Candidate {
    /// Listed in the peer's node record.
    in_node: bool,
    /// Listed in its last call-me-maybe.
    in_call: bool,
    /// When it last showed life: its ping or its pong.
    seen: Option<Instant>,
    /// Its last ping, so that a repeated one is ignored.
    last_tx_id: Option<TxId>,
    pinged: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Best {
    address: SocketAddr,
    latency: Duration,
    trusted_until: Instant,
}

/// A ping that waits for its pong.
#[derive(Debug, Clone, Copy)]
struct Sent {
    tx_id: TxId,
    to: Via,
    at: Instant,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct PathState {
    candidates: BTreeMap<SocketAddr, Candidate>,
    best: Option<Best>,
    pings: Vec<Sent>,
    last_data: Option<Instant>,
    heartbeat_at: Option<Instant>,
    discover_at: Option<Instant>,
    /// When our own network changed.
    moved: Option<Instant>,
    last_discovery: Option<Instant>,
}

impl PathState {
    /// Where data goes now.
    pub(super) fn route(&self, now: Instant) -> Route {
        match self.best {
            Some(best) if now <= best.trusted_until => Route { udp: Some(best.address), relay: false },
            Some(best) => Route { udp: Some(best.address), relay: true },
            None => Route { udp: None, relay: true },
        }
    }

    /// The trusted direct address and its latency.
    pub(super) fn direct(&self, now: Instant) -> Option<(SocketAddr, Duration)> {
        self.best.filter(|best| now <= best.trusted_until).map(|best| (best.address, best.latency))
    }

    /// Data is sent: heartbeats begin, and without a trusted path a search.
    pub(super) fn note_data(&mut self, now: Instant) -> Probe {
        self.last_data = Some(now);
        self.heartbeat_at.get_or_insert(now + HEARTBEAT);
        if self.direct(now).is_some() { Probe::default() } else { self.discover(now) }
    }

    /// Whether data was sent lately.
    pub(super) fn is_active(&self, now: Instant) -> bool {
        self.last_data.is_some_and(|at| now < at + ACTIVE)
    }

    /// Pings every candidate that was not pinged lately, and calls the peer.
    fn discover(&mut self, now: Instant) -> Probe {
        if self.discover_at.is_some_and(|at| now < at) {
            return Probe::default();
        }
        self.discover_at = Some(now + PING_INTERVAL);
        self.last_discovery = Some(now);
        Probe { ping: self.stale_candidates(now), call: true }
    }

    fn stale_candidates(&mut self, now: Instant) -> Vec<SocketAddr> {
        let stale = |candidate: &Candidate| candidate.pinged.is_none_or(|at| now >= at + PING_INTERVAL);
        let mut found = Vec::new();
        for (address, candidate) in self.candidates.iter_mut().filter(|(_, candidate)| stale(candidate)) {
            candidate.pinged = Some(now);
            found.push(*address);
        }
        found
    }

    /// Every candidate, or only the best one when it is trusted: what a path ping of a person asks.
    pub(super) fn all_for_ping(&mut self, now: Instant) -> Vec<SocketAddr> {
        if let Some((address, _)) = self.direct(now) {
            return vec![address];
        }
        for candidate in self.candidates.values_mut() {
            candidate.pinged = Some(now);
        }
        self.candidates.keys().copied().collect()
    }

    /// A ping was sent.
    pub(super) fn note_ping_sent(&mut self, tx_id: TxId, to: Via, now: Instant) {
        if self.pings.len() >= MAX_PINGS {
            self.pings.remove(0);
        }
        self.pings.push(Sent { tx_id, to, at: now });
    }

    /// The peer's ping arrived over UDP. Returns `None` when it is a repetition, else whether the address is new.
    pub(super) fn note_ping(&mut self, from: SocketAddr, tx_id: TxId, now: Instant) -> Option<bool> {
        let is_new = !self.candidates.contains_key(&from);
        if is_new && (!is_usable(from) || !self.make_room()) {
            return Some(false);
        }
        let candidate = self.candidates.entry(from).or_default();
        if candidate.last_tx_id.replace(tx_id) == Some(tx_id) {
            return None;
        }
        candidate.seen = Some(now);
        if is_new {
            candidate.pinged = Some(now);
            self.doubt(now);
        }
        Some(is_new)
    }

    /// The best address may be dead: the relay carries as well, until a pong says otherwise.
    fn doubt(&mut self, now: Instant) {
        if let Some(best) = self.best.as_mut().filter(|best| now <= best.trusted_until) {
            best.trusted_until = now - Duration::from_nanos(1);
        }
    }

    /// The address to ping when there is a doubt.
    pub(super) fn doubted(&self, now: Instant) -> Option<SocketAddr> {
        self.best.filter(|best| now > best.trusted_until).map(|best| best.address)
    }

    /// When a ping of the trusted address becomes suspiciously old.
    fn suspicion_at(&self) -> Option<Instant> {
        let best = self.best?;
        let answered = best.trusted_until - TRUST;
        let unanswered = |sent: &&Sent| sent.to == Via::Udp(best.address) && sent.at > answered;
        let first = self.pings.iter().filter(unanswered).map(|sent| sent.at).min()?;
        Some(first + PATIENCE).filter(|at| *at <= best.trusted_until)
    }

    /// The candidate that may be forgotten first makes room for another.
    fn make_room(&mut self) -> bool {
        if self.candidates.len() < MAX_CANDIDATES {
            return true;
        }
        let best = self.best.map(|best| best.address);
        let oldest = self
            .candidates
            .iter()
            .filter(|(address, candidate)| !candidate.in_node && !candidate.in_call && Some(**address) != best)
            .min_by_key(|(_, candidate)| candidate.seen)
            .map(|(address, _)| *address);
        oldest.is_some_and(|address| self.candidates.remove(&address).is_some())
    }

    /// A pong arrived. Returns where its ping had gone and the round trip; `None` when nothing was asked.
    pub(super) fn note_pong(&mut self, tx_id: TxId, now: Instant) -> Option<(Via, Duration)> {
        let index = self.pings.iter().position(|sent| sent.tx_id == tx_id && now < sent.at + PING_TIMEOUT)?;
        let sent = self.pings.swap_remove(index);
        let latency = now.saturating_duration_since(sent.at);
        if let Via::Udp(address) = sent.to
            && let Some(candidate) = self.candidates.get_mut(&address)
        {
            candidate.seen = Some(now);
            let trusted_until = now + TRUST;
            let challenger = Best { address, latency, trusted_until };
            match &mut self.best {
                Some(best) if best.address == address => *best = challenger,
                Some(best)
                    if now <= best.trusted_until && !is_better((address, latency), (best.address, best.latency)) => {}
                best => *best = Some(challenger),
            }
        }
        Some((sent.to, latency))
    }

    /// Whether this address has proven, by ping or pong, to belong to the peer.
    pub(super) fn is_proven(&self, address: SocketAddr) -> bool {
        self.candidates.get(&address).is_some_and(|candidate| candidate.seen.is_some())
    }

    /// The endpoints of the peer's node record.
    pub(super) fn set_node_endpoints(&mut self, endpoints: &[SocketAddr], now: Instant) {
        self.replace(endpoints, |candidate| &mut candidate.in_node, now);
    }

    /// The endpoints of a call-me-maybe: they are pinged at once.
    pub(super) fn set_call_endpoints(&mut self, endpoints: &[SocketAddr], now: Instant) -> Vec<SocketAddr> {
        self.replace(endpoints, |candidate| &mut candidate.in_call, now);
        self.doubt(now);
        for candidate in self.candidates.values_mut() {
            candidate.pinged = None;
        }
        self.stale_candidates(now)
    }

    fn replace(&mut self, endpoints: &[SocketAddr], flag: fn(&mut Candidate) -> &mut bool, now: Instant) {
        for candidate in self.candidates.values_mut() {
            *flag(candidate) = false;
        }
        for endpoint in endpoints.iter().copied().filter(|endpoint| is_usable(*endpoint)) {
            if !self.candidates.contains_key(&endpoint) {
                if !self.make_room() {
                    break;
                }
                // Something new to try is tried with the next packet.
                self.discover_at = None;
            }
            *flag(self.candidates.entry(endpoint).or_default()) = true;
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        self.candidates.retain(|_, candidate| {
            candidate.in_node || candidate.in_call || candidate.seen.is_some_and(|at| now < at + LEARNED_LIFETIME)
        });
        self.best = self.best.filter(|best| self.candidates.contains_key(&best.address));
    }

    /// The last search got lost on its way: the next packet begins another, a little later.
    pub(super) fn retry_search(&mut self, now: Instant) {
        let soonest = self.last_discovery.map_or(now, |at| now.max(at + SEARCH_PAUSE));
        self.discover_at = self.discover_at.map(|at| at.min(soonest));
    }

    /// What a search says is new, or can be said only now: while data flows without a trusted address, another begins
    /// without waiting for a packet. With one, a peer is called all the same when we have moved: what it trusts may be where
    /// we were, at an address that it knows already and has no reason to doubt.
    pub(super) fn search_anew(&mut self, now: Instant) -> Probe {
        let has_moved = self.moved.is_some_and(|at| now < at + PING_INTERVAL);
        if !self.is_active(now) {
            return Probe::default();
        }
        if self.direct(now).is_some() {
            return Probe { ping: Vec::new(), call: has_moved };
        }
        self.retry_search(now);
        let at = self.discover_at.map_or(now, |at| at.max(now));
        self.heartbeat_at = Some(self.heartbeat_at.map_or(at, |planned| planned.min(at)));
        Probe::default()
    }

    /// The network changed: nothing is trusted, everything may be tried again.
    pub(super) fn distrust(&mut self, now: Instant) {
        for candidate in self.candidates.values_mut() {
            candidate.pinged = None;
        }
        self.discover_at = None;
        self.moved = Some(now);
        self.doubt(now);
        if self.is_active(now) {
            self.heartbeat_at = Some(now);
        }
    }

    /// Only the relay from now on (removal of direct paths, or a new disco key).
    pub(super) fn reset(&mut self) {
        *self = Self { last_data: self.last_data, heartbeat_at: self.heartbeat_at, ..Self::default() };
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Probe {
        self.pings.retain(|sent| now < sent.at + PING_TIMEOUT);
        self.forget(now);
        if self.suspicion_at().is_some_and(|at| now >= at) {
            self.doubt(now);
            // The next heartbeat pings it again, and begins a search.
            self.heartbeat_at = self.heartbeat_at.map(|at| at.min(now));
        }
        if self.heartbeat_at.is_none_or(|at| now < at) {
            return Probe::default();
        }
        if !self.is_active(now) {
            self.heartbeat_at = None;
            return Probe::default();
        }
        self.heartbeat_at = Some(now + HEARTBEAT);
        let is_due = self.last_discovery.is_none_or(|at| now >= at + UPGRADE);
        let mut probe = match self.direct(now) {
            None => self.discover(now),
            Some((_, latency)) if latency > GOOD_ENOUGH && is_due => self.discover(now),
            Some(_) => Probe::default(),
        };
        if let Some(best) = self.best
            && !probe.ping.contains(&best.address)
        {
            probe.ping.push(best.address);
            if let Some(candidate) = self.candidates.get_mut(&best.address) {
                candidate.pinged = Some(now);
            }
        }
        probe
    }

    /// When [`PathState::handle_timeout`] has something to do.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let ping = self.pings.iter().map(|sent| sent.at + PING_TIMEOUT).min();
        let learned = self
            .candidates
            .values()
            .filter(|candidate| !candidate.in_node && !candidate.in_call)
            .filter_map(|candidate| Some(candidate.seen? + LEARNED_LIFETIME))
            .min();
        [ping, learned, self.heartbeat_at, self.suspicion_at()].into_iter().flatten().min()
    }
}

/// Addresses that are worth a ping: no multicast or nonsense, and nothing inside the mesh itself.
fn is_usable(endpoint: SocketAddr) -> bool {
    let fits = match endpoint.ip() {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => {
            !ip.is_unspecified()
                && !ip.is_multicast()
                && !ip.is_unicast_link_local()
                && ip.to_ipv4_mapped().is_none()
                && !proto::address::is_mesh(ip)
        }
    };
    fits && endpoint.port() != 0
}

/// Whether `a` should replace `b`: the faster one gets points for how much faster it is, near addresses and IPv6 get a
/// few; a difference of one point is noise.
fn is_better(a: (SocketAddr, Duration), b: (SocketAddr, Duration)) -> bool {
    let points = |(address, latency): (SocketAddr, Duration), other: Duration| {
        let mut points = 0;
        if latency < other && !other.is_zero() {
            let percent = 100 * latency.as_nanos() / other.as_nanos();
            points += 100 - i64::try_from(percent).unwrap_or(100);
        }
        points += match address.ip() {
            ip if ip.is_loopback() => 50,
            IpAddr::V4(ip) if ip.is_private() => 20,
            IpAddr::V6(ip) if ip.is_unique_local() => 20,
            _ => 0,
        };
        points + if address.is_ipv6() { 10 } else { 0 }
    };
    let (points_a, points_b) = (points(a, b.1), points(b, a.1));
    a.0 != b.0 && points_a > points_b && !(points_a <= 1 && points_b == 0)
}
