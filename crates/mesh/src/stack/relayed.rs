//! How much of a connection may be unacknowledged, and which acknowledgement means that one more segment is lost.
//!
//! A relay keeps a few packets for a client and drops the oldest beyond that; common ones 32, ours 1024 (spec
//! `derp-disco-stun.md` 3). Around it lie TCP connections that do their own congestion control, so loss there means only
//! that a burst did not fit. A change from relay to direct loses a burst, too: what still waits in the relay is older
//! than WireGuard's replay window when it arrives. smoltcp alone would send 1 MiB at once, repeat one lost segment, and
//! then wait a second for each further one. Here the window that it sees is limited instead of its own congestion
//! window, and it is told of every loss of a burst (RFC 6582). Not here: sending, timers.

use std::collections::{HashMap, HashSet};
use std::net::Ipv6Addr;

use super::packet::{Acknowledgement, MAX_SEGMENT};

/// Most unacknowledged bytes of one connection through a relay: 160 packets, 30 Mbit/s at 50 ms.
pub const MOST: usize = 192 << 10;
/// Most of one connection that is direct: all that its buffers hold, 160 Mbit/s at 50 ms.
pub const MOST_DIRECT: usize = 1 << 20;
/// What all connections to one peer share: 370 packets, which leaves room for others in the 512 of a relay's queue.
pub const PEER: usize = 448 << 10;
/// What a connection gets in any case: a dozen segments, enough for a loss to be noticed by what arrives after it.
pub const LEAST: usize = 16 << 10;
/// Growth in one round trip after the first loss: losses of the next overshoot are repaired one a round trip.
const GROWTH: usize = 2 << 10;
/// Duplicates that mean a loss (RFC 5681).
const DUPLICATES: u8 = 3;

/// What to tell smoltcp of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of it.
    Pass,
    /// Nothing.
    Skip,
    /// All of it; and the segment that it awaits is lost.
    Lost,
}

/// See the module; one per connection.
#[derive(Debug)]
pub struct SendLimit {
    limit: usize,
    /// What the limit may grow to, by the path of the peer.
    most: usize,
    /// Below this the limit grows by half with each round trip (RFC 5681, `ssthresh`); no loss was seen yet with the
    /// largest.
    threshold: usize,
    last: Option<Acknowledgement>,
    duplicates: u8,
    /// End of what was sent.
    sent: Option<u32>,
    /// A loss is being repaired until this is acknowledged.
    repair_until: Option<u32>,
    /// smoltcp repeats everything up to here, so duplicates mean nothing until then.
    rewound_until: Option<u32>,
    /// We have just asked for a repetition.
    asked: bool,
}

impl Default for SendLimit {
    fn default() -> Self {
        Self {
            limit: LEAST,
            most: MOST,
            threshold: usize::MAX,
            last: None,
            duplicates: 0,
            sent: None,
            repair_until: None,
            rewound_until: None,
            asked: false,
        }
    }
}

impl SendLimit {
    /// Bytes that may be unacknowledged, of at most `share`.
    pub fn limit(&mut self, share: usize) -> usize {
        self.most = share;
        self.limit.min(share)
    }

    /// A segment with data was sent. True when it goes beyond all before.
    pub fn note_sent(&mut self, start: u32, end: u32) -> bool {
        let Some(sent) = self.sent else {
            self.sent = Some(end);
            return true;
        };
        if is_before(start, sent) && !std::mem::take(&mut self.asked) && self.rewound_until.is_none() {
            // Its own timer ran out: everything goes again.
            self.rewound_until = Some(sent);
            self.repair_until = None;
            self.collapse();
        }
        let is_new = is_before(sent, end);
        if is_new {
            self.sent = Some(end);
        }
        is_new
    }

    /// Bytes that are under way.
    pub fn under_way(&self) -> usize {
        let (Some(sent), Some(last)) = (self.sent, self.last) else { return 0 };
        if is_before(last.number, sent) { sent.wrapping_sub(last.number) as usize } else { 0 }
    }

    /// The peer was silent for too long. True when the segment that it awaits is to be repeated; what was sent behind it
    /// is lost as well then, unless the next acknowledgement says otherwise.
    pub fn note_silence(&mut self) -> bool {
        let is_open = self.last.is_some_and(|last| last.window > 0);
        if self.under_way() == 0 || !is_open || self.repair_until.is_some() || self.rewound_until.is_some() {
            return false;
        }
        self.asked = true;
        if self.under_way() > usize::from(MAX_SEGMENT) {
            self.repair_until = self.sent;
            self.shrink();
        }
        true
    }

    /// smoltcp's own timer may be about to run out. True when it must know before that [`LEAST`] is the limit now.
    ///
    /// It then sends all that is unacknowledged in one burst; where that does not fit the queue of a relay, the oldest goes,
    /// which is the one that is missing, and each further burst would lose it again.
    pub fn note_timer_near(&mut self) -> bool {
        let is_open = self.last.is_some_and(|last| last.window > 0);
        let is_near = self.under_way() > 0 && is_open;
        if is_near {
            self.collapse();
        }
        is_near
    }

    /// A segment with an acknowledgement came.
    pub fn note_acknowledgement(&mut self, now: Acknowledgement) -> Verdict {
        let (Some(sent), Some(last)) = (self.sent, self.last.replace(now)) else { return Verdict::Pass };
        if now.number == last.number {
            return if now.is_bare && now.window == last.window && is_before(now.number, sent) {
                self.note_duplicate(sent)
            } else {
                Verdict::Pass
            };
        }
        if is_before(now.number, last.number) {
            self.last = Some(last);
            return Verdict::Pass;
        }
        self.duplicates = 0;
        self.asked = false;
        self.rewound_until = self.rewound_until.filter(|until| is_before(now.number, *until));
        self.repair_until = self.repair_until.filter(|until| is_before(now.number, *until));
        if self.repair_until.is_some() {
            self.asked = true;
            return Verdict::Lost;
        }
        let acknowledged = now.number.wrapping_sub(last.number) as usize;
        let acknowledged = acknowledged.min(MOST_DIRECT);
        let growth = if self.limit < self.threshold { acknowledged / 2 } else { acknowledged * GROWTH / self.limit };
        self.limit = (self.limit + growth).min(self.most);
        Verdict::Pass
    }

    fn note_duplicate(&mut self, sent: u32) -> Verdict {
        self.duplicates = self.duplicates.saturating_add(1);
        if self.duplicates != DUPLICATES || self.repair_until.is_some() || self.rewound_until.is_some() {
            return Verdict::Skip;
        }
        self.repair_until = Some(sent);
        self.asked = true;
        self.shrink();
        Verdict::Lost
    }

    fn shrink(&mut self) {
        self.limit = (self.limit / 4 * 3).max(LEAST);
        self.threshold = self.limit;
    }

    /// To the least, from where half of what was is reached soon (RFC 5681, 3.1).
    fn collapse(&mut self) {
        if self.limit > LEAST {
            self.threshold = (self.limit / 2).max(LEAST);
            self.limit = LEAST;
        }
    }
}

/// Whether sequence number `a` comes before `b`.
pub fn is_before(a: u32, b: u32) -> bool {
    a != b && b.wrapping_sub(a) < 1 << 31
}

/// Which peers are behind a relay, and how many connections share each.
#[derive(Debug, Default)]
pub struct RelayedPeers {
    sending: HashMap<Ipv6Addr, usize>,
    relayed: HashSet<Ipv6Addr>,
}

impl RelayedPeers {
    /// A path was found, lost or changed. The caller names peers that exist only, so the set is bounded by them.
    pub fn set(&mut self, peer: Ipv6Addr, is_relayed: bool) {
        if is_relayed {
            self.relayed.insert(peer);
        } else {
            self.relayed.remove(&peer);
        }
    }

    /// A connection begins or ends to have unacknowledged data.
    pub fn note_sending(&mut self, peer: Ipv6Addr, is_sending: bool) {
        if is_sending {
            *self.sending.entry(peer).or_default() += 1;
        } else if let Some(count) = self.sending.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                self.sending.remove(&peer);
            }
        }
    }

    /// The share of each connection with this peer.
    pub fn share(&self, peer: Ipv6Addr) -> usize {
        if !self.relayed.contains(&peer) {
            return MOST_DIRECT;
        }
        let count = self.sending.get(&peer).copied().unwrap_or_default().max(1);
        (PEER / count).clamp(LEAST, MOST)
    }
}

const _: () = assert!(LEAST >= 8 * MAX_SEGMENT as usize);
