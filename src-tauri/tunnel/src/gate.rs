//! What may pass between this machine and workspace daemons.
//!
//! ```text
//!  this machine ── Gate::outbound ──► daemon     only from our own address; UDP and echo flows are remembered
//!  this machine ◄── Gate::inbound ─── daemon     only to it, and only what answers something
//! ```
//!
//! A daemon is not trusted with this machine: it may answer, but it opens nothing here. A TCP segment belongs to an
//! answer unless it is a SYN without ACK (the kernel drops what fits no connection); a datagram or echo reply needs a
//! flow that we opened. Not here: where packets go, and who has which address.

use std::collections::HashSet;
use std::net::Ipv6Addr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use proto::address::{DNS_SERVER, is_in_tunnel};

use crate::packet::{self, Head, Transport};

#[cfg(test)]
mod tests;

/// A flow is forgotten between once and twice this long after our last packet of it.
pub const GENERATION: Duration = Duration::from_secs(60);
/// Flows of one generation; beyond it the older generation goes early, so that memory is bounded at twice this.
pub const MAX_FLOWS: usize = 8192;

const ECHO_REQUEST: u8 = 128;
const ECHO_REPLY: u8 = 129;
/// Unreachable, too big, time exceeded, bad parameter.
const ERRORS: std::ops::RangeInclusive<u8> = 1..=4;

/// Something that answers are expected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Flow {
    Udp { peer: Ipv6Addr, theirs: u16, ours: u16 },
    Echo { peer: Ipv6Addr, id: u16 },
}

/// Flows in two generations: O(1) for each packet, without a scan or a timer.
#[derive(Debug, Default)]
struct Flows {
    young: HashSet<Flow>,
    old: HashSet<Flow>,
    turned: Option<Instant>,
}

/// See the module. Used from the thread that reads the device and from each mesh's own.
#[derive(Debug)]
pub struct Gate {
    ours: Ipv6Addr,
    flows: Mutex<Flows>,
}

impl Gate {
    /// For this address of ours.
    pub fn new(ours: Ipv6Addr) -> Self {
        Self { ours, flows: Mutex::default() }
    }

    /// Our address.
    pub fn address(&self) -> Ipv6Addr {
        self.ours
    }

    /// Whether a packet of this machine may go on; its head when it may.
    pub fn outbound(&self, packet: &[u8]) -> Option<Head> {
        let head = packet::read(packet)?;
        (head.source == self.ours && !head.destination.is_multicast()).then_some(head)
    }

    /// Remembers that answers of a daemon are expected. Quick for TCP, which needs no memory.
    pub fn expect(&self, head: &Head, now: Instant) {
        let peer = head.destination;
        let flow = match head.transport {
            Transport::Udp { from, to } => Flow::Udp { peer, theirs: to, ours: from },
            Transport::Icmp { kind: ECHO_REQUEST, id } => Flow::Echo { peer, id },
            _ => return,
        };
        self.flows().insert(flow, now);
    }

    /// Whether a packet of a daemon may come in; its head when it may. The caller checks that the source is that
    /// daemon's.
    pub fn inbound(&self, packet: &[u8], now: Instant) -> Option<Head> {
        let head = packet::read(packet)?;
        let peer = head.source;
        let is_daemon = is_in_tunnel(peer) && peer != DNS_SERVER && peer != self.ours;
        if !is_daemon || head.destination != self.ours {
            return None;
        }
        let passes = match head.transport {
            Transport::Tcp { opens, .. } => !opens,
            Transport::Udp { from, to } => self.knows(Flow::Udp { peer, theirs: from, ours: to }, now),
            Transport::Icmp { kind: ECHO_REPLY, id } => self.knows(Flow::Echo { peer, id }, now),
            Transport::Icmp { kind, .. } if ERRORS.contains(&kind) => self.is_about_us(packet, peer, now),
            Transport::Icmp { .. } | Transport::Other => false,
        };
        passes.then_some(head)
    }

    /// An error must quote something that we sent to the daemon it comes from.
    fn is_about_us(&self, error: &[u8], peer: Ipv6Addr, now: Instant) -> bool {
        let Some(sent) = packet::quoted(error) else { return false };
        if sent.source != self.ours || sent.destination != peer {
            return false;
        }
        match sent.transport {
            Transport::Tcp { .. } => true,
            Transport::Udp { from, to } => self.knows(Flow::Udp { peer, theirs: to, ours: from }, now),
            Transport::Icmp { kind: ECHO_REQUEST, id } => self.knows(Flow::Echo { peer, id }, now),
            Transport::Icmp { .. } | Transport::Other => false,
        }
    }

    fn knows(&self, flow: Flow, now: Instant) -> bool {
        self.flows().contains(&flow, now)
    }

    fn flows(&self) -> std::sync::MutexGuard<'_, Flows> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flows {
    fn insert(&mut self, flow: Flow, now: Instant) {
        self.age(now);
        if self.young.len() >= MAX_FLOWS && !self.young.contains(&flow) {
            self.turn(now);
        }
        self.young.insert(flow);
    }

    fn contains(&mut self, flow: &Flow, now: Instant) -> bool {
        self.age(now);
        self.young.contains(flow) || self.old.contains(flow)
    }

    fn age(&mut self, now: Instant) {
        let age = now.saturating_duration_since(*self.turned.get_or_insert(now));
        if age >= GENERATION {
            self.turn(now);
            // Nothing was sent for two generations: what was young is old enough to go as well.
            if age >= 2 * GENERATION {
                self.turn(now);
            }
        }
    }

    fn turn(&mut self, now: Instant) {
        self.old = std::mem::take(&mut self.young);
        self.turned = Some(now);
    }
}
