//! When a netcheck runs, and what it found as the driver reports it (spec `derp-disco-stun.md` 6). Not here: sockets,
//! probes, and the choices made from a report.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// Most STUN answers looked at: three tries at five servers in two families, with room.
pub const MAX_STUN_ANSWERS: usize = 64;
/// After so long every region is measured again, not only the fastest few.
const FULL_INTERVAL: Duration = Duration::from_secs(300);
/// The driver's own limit is 5 s; a report that never comes must not stop netchecks for ever.
const LOST: Duration = Duration::from_secs(15);
/// Shortest time between two netchecks, unless the network changed.
const SPACING: Duration = Duration::from_secs(5);

/// One STUN answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StunAnswer {
    /// The region of the server.
    pub region: i32,
    /// The server that answered.
    pub server: SocketAddr,
    /// Our endpoint as it saw it.
    pub mapped: SocketAddr,
    /// Round trip.
    pub latency: Duration,
}

/// Latency of one relay region: `GET /derp/latency-check`, request written to first response byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RelayLatency {
    /// Region.
    pub region: i32,
    /// Over IPv4.
    pub v4: Option<Duration>,
    /// Over IPv6.
    pub v6: Option<Duration>,
}

/// Result of one netcheck.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetcheckReport {
    /// STUN answers in the order they came, at most [`MAX_STUN_ANSWERS`] are looked at.
    pub stun: Vec<StunAnswer>,
    /// Regions that answered over HTTP. Regions that did not are absent.
    pub relays: Vec<RelayLatency>,
}

/// The clock of netchecks.
#[derive(Debug, Default)]
pub(super) struct Netchecks {
    running_since: Option<Instant>,
    last_full: Option<Instant>,
    last_start: Option<Instant>,
    due: Option<Instant>,
}

impl Netchecks {
    /// One is wanted at this time at the latest.
    pub(super) fn want(&mut self, at: Instant) {
        let at = self.last_start.map_or(at, |start| at.max(start + SPACING));
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// The network changed: a full one, now, even if one is running on the old network.
    pub(super) fn want_full(&mut self, now: Instant) {
        *self = Self { due: Some(now), ..Self::default() };
    }

    /// Neither running nor planned.
    pub(super) fn is_resting(&self) -> bool {
        self.running_since.is_none() && self.due.is_none()
    }

    pub(super) fn handle_done(&mut self) {
        self.running_since = None;
    }

    /// Starts one when it is time; the answer says whether a full one.
    pub(super) fn start(&mut self, now: Instant) -> Option<bool> {
        self.running_since = self.running_since.filter(|since| now < *since + LOST);
        if self.running_since.is_some() || self.due.is_none_or(|due| now < due) {
            return None;
        }
        let is_full = self.last_full.is_none_or(|at| now >= at + FULL_INTERVAL);
        self.last_full = if is_full { Some(now) } else { self.last_full };
        self.running_since = Some(now);
        self.last_start = Some(now);
        self.due = None;
        Some(is_full)
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        match (self.running_since, self.due) {
            (Some(since), Some(due)) => Some(due.max(since + LOST)),
            (_, due) => due,
        }
    }
}
