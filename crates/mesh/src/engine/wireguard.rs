//! One WireGuard session with one peer, in the engine's time (spec `derp-disco-stun.md` 8).
//!
//! The Noise handshake, the transport cipher and the replay window are `boringtun`'s; this file is the only one that
//! names it. Its timers read the real clock (on Linux the one that counts sleep), so every timer that can be seen from
//! outside (retry, rekey, keep-alives, the end of keys) is kept here in the time that the engine is told, with the same
//! periods; `boringtun` is left to wipe keys that were replaced.
//! Not here: which path a packet takes.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use boringtun::noise::handshake::parse_handshake_anon;
use boringtun::noise::rate_limiter::RateLimiter;
use boringtun::noise::{Packet, Tunn, TunnResult};
use boringtun::x25519;
use proto::key::{NodePrivate, NodePublic};

#[cfg(test)]
mod tests;

/// Bytes that encryption adds to a packet.
pub(super) const OVERHEAD: usize = 32;
/// A handshake is started again this often, plus jitter.
const RETRY: Duration = Duration::from_secs(5);
/// The first pause before that: what a relay or a full queue lost at the start must not cost a person five seconds. It
/// doubles up to [`RETRY`]. A slower answer only makes a second pair of keys.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// The same when we know that the message cannot have arrived, or that the peer is there by now.
const FIRST_HURRY: Duration = Duration::from_millis(250);
/// Jitter of [`RETRY`], at most.
const RETRY_JITTER_MS: u64 = 334;
/// A handshake is given up after this.
const GIVE_UP: Duration = Duration::from_secs(90);
/// The initiator makes new keys when the old ones are this old and in use.
const REKEY: Duration = Duration::from_secs(120);
/// Received data is acknowledged by an empty packet when nothing else was sent for so long.
const PASSIVE_KEEPALIVE: Duration = Duration::from_secs(10);
/// A peer that does not answer sent data for so long has lost its keys.
const SILENCE: Duration = Duration::from_secs(15);
/// Keys carry data for so long, in either direction; then they are wiped.
const LIFE: Duration = Duration::from_secs(180);
/// Words that are said after a move, the first at once. See [`Session::announce`].
const WORDS: u8 = 4;
/// Between two words.
const WORD_PAUSE: Duration = Duration::from_secs(1);
/// How often `boringtun` looks at its own clock while a session lives.
const TICK: Duration = Duration::from_secs(1);
/// Handshake messages that are worked on per second, all peers together; beyond, senders need a cookie.
const HANDSHAKES_PER_SECOND: u64 = 200;

/// Kinds of WireGuard messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// First handshake message; names nobody in clear text.
    Initiation,
    /// Second one, or a cookie: for the session with this index.
    Reply(u32),
    /// Data for the session with this index.
    Data(u32),
}

/// Reads kind and session index.
pub(super) fn kind(datagram: &[u8]) -> Option<Kind> {
    let index = |at: usize| {
        let bytes = datagram.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes) >> 8)
    };
    match (datagram.first_chunk()?, datagram.len()) {
        ([1, 0, 0, 0], 148) => Some(Kind::Initiation),
        ([2, 0, 0, 0], 92) => Some(Kind::Reply(index(8)?)),
        ([3, 0, 0, 0], 64) => Some(Kind::Reply(index(4)?)),
        ([4, 0, 0, 0], OVERHEAD..) => Some(Kind::Data(index(4)?)),
        _ => None,
    }
}

/// Opens the first message of strangers: who is it?
pub(super) struct Doorman {
    private: x25519::StaticSecret,
    public: x25519::PublicKey,
    limiter: RateLimiter,
    reset_at: Option<Instant>,
}

impl Doorman {
    pub(super) fn new(key: &NodePrivate) -> Self {
        let private = x25519::StaticSecret::from(key.expose());
        let public = x25519::PublicKey::from(&private);
        Self { limiter: RateLimiter::new(&public, HANDSHAKES_PER_SECOND), private, public, reset_at: None }
    }

    /// The static key of an initiation. Only messages that know our public key cost a key agreement, and only so many
    /// per second.
    pub(super) fn identify(&mut self, initiation: &[u8], from: Option<IpAddr>, now: Instant) -> Option<NodePublic> {
        if self.reset_at.is_none_or(|at| now >= at) {
            self.limiter.reset_count();
            self.reset_at = Some(now + Duration::from_secs(1));
        }
        let mut cookie = [0; 64];
        let Ok(Packet::HandshakeInit(message)) = self.limiter.verify_packet(from, initiation, &mut cookie) else {
            return None;
        };
        let half = parse_handshake_anon(&self.private, &self.public, &message).ok()?;
        Some(NodePublic(half.peer_static_public))
    }
}

/// What a received message led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// It was not accepted.
    Refused,
    /// Accepted, nothing to deliver.
    Nothing,
    /// So many bytes of the space are an answer for the peer.
    Answer(usize),
    /// So many bytes of the space are an inner packet.
    Inner(usize),
}

/// A handshake on its way.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    started: Instant,
    sent_at: Instant,
    /// Messages so far.
    sent: u32,
    retry_at: Instant,
}

impl Attempt {
    /// The next pause of a row that begins with `first`.
    fn pause(&self, first: Duration) -> Duration {
        (first * (1 << self.sent.saturating_sub(1).min(5))).min(RETRY)
    }
}

/// See the module.
pub(super) struct Session {
    tunn: Tunn,
    private: x25519::StaticSecret,
    keepalive: Option<Duration>,
    attempt: Option<Attempt>,
    established: Option<Instant>,
    /// Handshakes that were finished, as far as it matters whether it was the first.
    handshakes: u8,
    /// The end of the newest keys, while there are any.
    keys_until: Option<Instant>,
    is_initiator: bool,
    sent_data_since_handshake: bool,
    last_seen: Option<Instant>,
    /// Since when data that we sent is unanswered.
    unanswered_since: Option<Instant>,
    /// Since when data that we received is unacknowledged.
    owing_since: Option<Instant>,
    has_queued: bool,
    /// Both ends have shown that they have the keys.
    are_keys_proven: bool,
    /// When to tell the peer where we are, and how often still.
    word_at: Option<Instant>,
    words: u8,
    tick_at: Option<Instant>,
    jitter: u64,
}

impl Session {
    /// `index` marks the messages of this session and must be below 2^24; `jitter` is any random number.
    pub(super) fn new(ours: &NodePrivate, theirs: NodePublic, index: u32, jitter: u64) -> Self {
        let private = x25519::StaticSecret::from(ours.expose());
        let tunn = Tunn::new(private.clone(), x25519::PublicKey::from(theirs.0), None, None, index, None);
        Self {
            tunn,
            private,
            keepalive: None,
            attempt: None,
            established: None,
            handshakes: 0,
            keys_until: None,
            is_initiator: false,
            sent_data_since_handshake: false,
            last_seen: None,
            unanswered_since: None,
            owing_since: None,
            has_queued: false,
            are_keys_proven: false,
            word_at: None,
            words: 0,
            tick_at: None,
            jitter,
        }
    }

    /// Sets or clears the persistent keep-alive.
    pub(super) fn set_keepalive(&mut self, period: Option<Duration>) {
        self.keepalive = period;
    }

    /// Our address may have changed. A WireGuard device answers where the last authentic packet came from, so one that
    /// sends us a stream would go on sending it to the old address until we have a reason to speak. An empty packet
    /// goes at once, and a few more, as that one may be lost, until something is heard.
    pub(super) fn announce(&mut self, now: Instant) {
        self.expire(now);
        if self.keys_until.is_some() {
            self.words = WORDS;
            self.word_at = Some(now);
        }
    }

    /// Wipes keys whose time is over, however it passed: a machine that slept wakes up with keys that nobody else has
    /// any more, and what was sent under them before is refused.
    fn expire(&mut self, now: Instant) {
        if self.keys_until.is_none_or(|until| now < until) {
            return;
        }
        self.keys_until = None;
        self.are_keys_proven = false;
        self.unanswered_since = None;
        self.owing_since = None;
        self.word_at = None;
        // The only way to make `boringtun` forget its sessions and still know which handshakes are replays.
        self.tunn.set_static_private(self.private.clone(), x25519::PublicKey::from(&self.private), None);
    }

    /// The first message of a handshake on its way got lost, or its peer has only now appeared: say it again soon.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let Some(attempt) = &mut self.attempt {
            attempt.retry_at = attempt.retry_at.min(now.max(attempt.sent_at + attempt.pause(FIRST_HURRY)));
        }
    }

    /// Whether this message, which was just written, belongs to the first handshake with the peer.
    pub(super) fn is_first_handshake(&self, message: &[u8]) -> bool {
        match message.first() {
            Some(1) => self.handshakes == 0,
            Some(2) => self.handshakes == 1,
            _ => false,
        }
    }

    /// When the last handshake was finished.
    pub(super) fn established(&self) -> Option<Instant> {
        self.established
    }

    /// Encrypts a packet into `space` (its length and [`OVERHEAD`], at least 148 bytes). Returns the bytes written: the
    /// packet, a handshake message while there are no keys (the packet is kept), or 0.
    pub(super) fn encrypt(&mut self, packet: &[u8], space: &mut [u8], now: Instant) -> usize {
        self.expire(now);
        let wakes = self.keys_until.is_none() && self.attempt.is_none();
        let woken = if wakes { self.catch_up(space, now) } else { 0 };
        if woken > 0 {
            let mut scratch = [0; 2048];
            if packet.len() + OVERHEAD <= scratch.len() {
                let _ = self.tunn.encapsulate(packet, &mut scratch);
                self.has_queued = true;
            }
            return woken;
        }
        let written = match self.tunn.encapsulate(packet, space) {
            TunnResult::WriteToNetwork(message) => message.len(),
            _ => 0,
        };
        if written == 0 || space.first() == Some(&1) {
            self.has_queued = true;
        } else if !packet.is_empty() {
            self.sent_data_since_handshake = true;
            self.unanswered_since.get_or_insert(now);
        }
        self.note_sent(space, written, now)
    }

    /// Lets `boringtun` look at the clock after a sleep, before it measures anything from it.
    fn catch_up(&mut self, space: &mut [u8], now: Instant) -> usize {
        match self.tunn.update_timers(space) {
            TunnResult::WriteToNetwork(message) => {
                let written = message.len();
                self.note_sent(space, written, now)
            }
            _ => 0,
        }
    }

    fn note_sent(&mut self, space: &[u8], written: usize, now: Instant) -> usize {
        if written == 0 {
            return 0;
        }
        self.owing_since = None;
        self.last_seen = Some(now);
        self.tick_at.get_or_insert(now + TICK);
        if space.first() == Some(&1) {
            self.jitter = self.jitter.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let jitter = Duration::from_millis((self.jitter >> 33) % RETRY_JITTER_MS);
            let (started, sent) = self.attempt.map_or((now, 0), |attempt| (attempt.started, attempt.sent));
            let mut attempt = Attempt { started, sent_at: now, sent: sent + 1, retry_at: now };
            attempt.retry_at += attempt.pause(FIRST_RETRY) + jitter;
            self.attempt = Some(attempt);
        }
        written
    }

    /// Decrypts a message into `space`, which must be as long as the message, at least 148 bytes.
    pub(super) fn decrypt(&mut self, message: &[u8], from: Option<IpAddr>, space: &mut [u8], now: Instant) -> Received {
        self.expire(now);
        if self.keys_until.is_none() && self.attempt.is_none() {
            let mut scratch = [0; 148];
            let _ = self.catch_up(&mut scratch, now);
        }
        let kind = message.first().copied();
        match self.tunn.decapsulate(from, message, space) {
            TunnResult::Err(_) | TunnResult::WriteToTunnelV4(..) => Received::Refused,
            TunnResult::Done => {
                self.note_received(now);
                if kind == Some(4) {
                    self.note_proven();
                }
                Received::Nothing
            }
            TunnResult::WriteToTunnelV6(inner, _) => {
                let length = inner.len();
                self.note_received(now);
                self.note_proven();
                self.owing_since.get_or_insert(now);
                Received::Inner(length)
            }
            TunnResult::WriteToNetwork(answer) => {
                let length = answer.len();
                match (kind, length) {
                    (Some(1), 92) => self.note_handshake(false, now),
                    (Some(2), _) => self.note_handshake(true, now),
                    _ => {}
                }
                Received::Answer(length)
            }
        }
    }

    fn note_received(&mut self, now: Instant) {
        self.last_seen = Some(now);
        self.unanswered_since = None;
        // What comes before the first word was sent to where we were.
        self.word_at = self.word_at.filter(|_| self.words == WORDS);
        self.tick_at.get_or_insert(now + TICK);
    }

    fn note_handshake(&mut self, is_initiator: bool, now: Instant) {
        self.note_received(now);
        self.established = Some(now);
        self.handshakes = self.handshakes.saturating_add(1);
        self.keys_until = Some(now + LIFE);
        self.is_initiator = is_initiator;
        self.sent_data_since_handshake = false;
        if is_initiator {
            self.note_proven();
        }
    }

    /// Keys that carry data end every attempt to get some.
    fn note_proven(&mut self) {
        self.attempt = None;
        self.are_keys_proven = true;
    }

    /// After a message was accepted: the next packet that waited for keys, or 0. Who answered a handshake waits for the
    /// first packet under its keys: to ask `boringtun` before that would begin another handshake and forget our own.
    pub(super) fn encrypt_queued(&mut self, space: &mut [u8], now: Instant) -> usize {
        if !self.has_queued || !self.are_keys_proven {
            return 0;
        }
        let written = match self.tunn.decapsulate(None, &[], space) {
            TunnResult::WriteToNetwork(message) => message.len(),
            _ => 0,
        };
        self.has_queued = written > 0;
        self.note_sent(space, written, now)
    }

    /// The next message that is due, or 0; called until it returns 0.
    pub(super) fn handle_timeout(&mut self, space: &mut [u8], now: Instant) -> usize {
        self.expire(now);
        if let Some(attempt) = self.attempt {
            if now >= attempt.started + GIVE_UP {
                self.attempt = None;
                self.unanswered_since = None;
            } else if now >= attempt.retry_at {
                return self.initiate(true, space, now);
            }
        }
        if self.attempt.is_none() {
            let is_old = self.keys_until.is_some() && self.established.is_some_and(|at| now >= at + REKEY);
            let is_silent = self.unanswered_since.is_some_and(|at| now >= at + SILENCE);
            if is_silent || (is_old && self.is_initiator && self.sent_data_since_handshake) {
                self.unanswered_since = None;
                self.sent_data_since_handshake = false;
                let written = self.initiate(true, space, now);
                if written > 0 {
                    return written;
                }
            }
        }
        let is_word = self.word_at.is_some_and(|at| now >= at);
        if is_word {
            self.words -= 1;
            self.word_at = (self.words > 0).then_some(now + WORD_PAUSE);
        }
        if is_word
            || self.owing_since.is_some_and(|at| now >= at + PASSIVE_KEEPALIVE)
            || self.keepalive_at().is_some_and(|at| now >= at)
        {
            self.owing_since = None;
            self.last_seen = Some(now);
            let written = self.encrypt(&[], space, now);
            if written > 0 {
                return written;
            }
        }
        if self.tick_at.is_some_and(|at| now >= at) {
            self.tick_at = Some(now + TICK);
            match self.tunn.update_timers(space) {
                TunnResult::WriteToNetwork(message) => {
                    let written = message.len();
                    return self.note_sent(space, written, now);
                }
                // Three lifetimes without a handshake: all keys are wiped, nothing is left to do until the next packet.
                TunnResult::Err(_) => {
                    self.tick_at = None;
                    self.attempt = None;
                    self.has_queued = false;
                    self.keys_until = None;
                    self.are_keys_proven = false;
                }
                _ => {}
            }
        }
        0
    }

    fn initiate(&mut self, force: bool, space: &mut [u8], now: Instant) -> usize {
        match self.tunn.format_handshake_initiation(space, force) {
            TunnResult::WriteToNetwork(message) => {
                let written = message.len();
                self.note_sent(space, written, now)
            }
            _ => 0,
        }
    }

    fn keepalive_at(&self) -> Option<Instant> {
        // While a handshake is on its way it is the keep-alive.
        let period = self.keepalive.filter(|_| self.attempt.is_none())?;
        Some(self.last_seen? + period)
    }

    /// When [`Session::handle_timeout`] has something to do.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let rekey = self
            .established
            .filter(|_| self.keys_until.is_some() && self.is_initiator)
            .filter(|_| self.sent_data_since_handshake && self.attempt.is_none())
            .map(|at| at + REKEY);
        let attempt = self.attempt.map(|attempt| attempt.retry_at.min(attempt.started + GIVE_UP));
        let silence = self.unanswered_since.filter(|_| self.attempt.is_none()).map(|at| at + SILENCE);
        let owing = self.owing_since.map(|at| at + PASSIVE_KEEPALIVE);
        let own = [rekey, attempt, silence, owing, self.word_at, self.keys_until, self.keepalive_at(), self.tick_at];
        own.into_iter().flatten().min()
    }
}
