//! A stream from a peer that is not ours: a model of gVisor's sender, over a wire that is dead for a moment.
//!
//! Where selective acknowledgements are permitted it recovers with RACK, and then counts everything behind a lost tail as
//! under way; where not, by NewReno. RACK is modelled for lost tails only, which no acknowledgement shows.

use super::super::packet::{MAX_SEGMENT, acknowledgement, window_scale};
use super::*;

/// Its payload: it keeps room for options.
const SEGMENT: u32 = 1184;
const FIRST: u32 = 77_000;
const LEAST_TIMEOUT: Duration = Duration::from_millis(200);
const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;

struct Foreign {
    ends: (SocketAddrV6, SocketAddrV6),
    is_selective: bool,
    scale: u8,
    /// Their sequence number that we await.
    theirs: u32,
    length: u32,
    /// First unacknowledged, next to send, and the end of what was ever sent.
    first: u32,
    next: u32,
    sent: u32,
    window: u32,
    /// In segments.
    congestion: u32,
    threshold: u32,
    under_way: u32,
    duplicates: u32,
    /// Until what is acknowledged.
    recovers: Option<u32>,
    /// After a timeout: until what is acknowledged.
    repeats: Option<u32>,
    timeout: Duration,
    timer: Option<Instant>,
    out: Vec<Vec<u8>>,
}

impl Foreign {
    /// Answers a SYN.
    fn accept(syn: &[u8], ends: (SocketAddrV6, SocketAddrV6), length: u32) -> Self {
        let options = &syn[IP_HEADER + TCP_HEADER..];
        let mut foreign = Self {
            ends,
            is_selective: options.windows(2).any(|pair| pair == [4, 2]),
            scale: window_scale(syn),
            theirs: u32::from_be_bytes(syn[44..48].try_into().unwrap()).wrapping_add(1),
            length,
            first: 0,
            next: 0,
            sent: 0,
            window: 0,
            congestion: 10,
            threshold: u32::MAX,
            under_way: 0,
            duplicates: 0,
            recovers: None,
            repeats: None,
            timeout: LEAST_TIMEOUT,
            timer: None,
            out: Vec::new(),
        };
        let size = MAX_SEGMENT.to_be_bytes();
        let answer = foreign.packet(SYN_ACK, u32::MAX, &[2, 4, size[0], size[1], 3, 3, 7, 1, 4, 2, 1, 1], 0);
        foreign.out.push(answer);
        foreign
    }

    /// A packet at this place of the stream.
    fn packet(&self, flags: u8, at: u32, options: &[u8], data: u32) -> Vec<u8> {
        let (from, to) = self.ends;
        let length = TCP_HEADER + options.len() + data as usize;
        let mut packet = vec![0x60, 0, 0, 0, 0, 0, 6, 64];
        packet[4..6].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        packet.extend_from_slice(&from.ip().octets());
        packet.extend_from_slice(&to.ip().octets());
        packet.extend_from_slice(&from.port().to_be_bytes());
        packet.extend_from_slice(&to.port().to_be_bytes());
        packet.extend_from_slice(&FIRST.wrapping_add(at).wrapping_add(1).to_be_bytes());
        packet.extend_from_slice(&self.theirs.to_be_bytes());
        let offset = u8::try_from((TCP_HEADER + options.len()) / 4).unwrap() << 4;
        packet.extend_from_slice(&[offset, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend_from_slice(options);
        packet.extend((0..data).map(|index| byte(at + index)));
        // The checksum, of pseudo header and segment.
        let words = packet[8..].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
        let mut sum = words.sum::<u32>() + 6 + u32::try_from(length).unwrap();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        packet[56..58].copy_from_slice(&(!u16::try_from(sum).unwrap()).to_be_bytes());
        packet
    }

    fn transmit(&mut self, at: u32, now: Instant) -> u32 {
        let end = (at + SEGMENT).min(self.length);
        self.out.push(self.packet(ACK, at, &[], end - at));
        self.sent = self.sent.max(end);
        self.timer.get_or_insert(now + self.timeout);
        end
    }

    fn send(&mut self, now: Instant) {
        let edge = self.first + self.window;
        while self.under_way < self.congestion
            && self.next < self.length
            && self.length.min(self.next + SEGMENT) <= edge
        {
            self.next = self.transmit(self.next, now);
            self.under_way += 1;
        }
    }

    fn in_flight(&self) -> u32 {
        (self.sent - self.first).div_ceil(SEGMENT)
    }

    fn handle(&mut self, packet: &[u8], now: Instant) {
        let Some(acknowledgement) = acknowledgement(packet) else { return };
        let number = acknowledgement.number.wrapping_sub(FIRST + 1);
        let window = u32::from(acknowledgement.window) << self.scale;
        let is_update = std::mem::replace(&mut self.window, window) != window;
        if number > self.sent {
            return;
        }
        if number > self.first {
            self.advance(number, now);
        } else if number == self.first && self.sent > self.first && !is_update {
            self.duplicates += 1;
            if self.recovers.is_some() {
                self.congestion += 1;
            } else if self.duplicates == 3 && self.repeats.is_none() {
                self.recover(now);
            }
        }
        self.send(now);
    }

    fn advance(&mut self, number: u32, now: Instant) {
        let acknowledged = (number - self.first).div_ceil(SEGMENT);
        self.first = number;
        self.next = self.next.max(number);
        self.duplicates = 0;
        self.under_way = self.under_way.saturating_sub(acknowledged);
        self.timer = (self.sent > self.first).then(|| now + self.timeout);
        self.repeats = self.repeats.filter(|until| number < *until);
        if self.recovers.take_if(|until| number >= *until).is_some() {
            self.congestion = self.threshold;
        }
        if self.is_selective && self.repeats.is_some() {
            // RACK holds all that was sent before the repeated segment for lost, and yet it fills the window.
            self.repeats = None;
            self.recover(now);
        } else if self.recovers.is_some() {
            self.under_way = if self.is_selective { self.in_flight() } else { self.under_way };
            if !self.is_selective {
                self.transmit(number, now);
            }
        } else {
            if self.repeats.is_none() {
                self.timeout = LEAST_TIMEOUT;
            }
            self.congestion += if self.congestion < self.threshold { acknowledged } else { 1 };
        }
    }

    fn recover(&mut self, now: Instant) {
        self.threshold = (self.under_way / 2).max(2);
        self.congestion = self.threshold + 3;
        self.recovers = Some(self.sent);
        self.under_way = self.in_flight();
        self.transmit(self.first, now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.timer.take_if(|at| *at <= now).is_none() {
            return;
        }
        self.timeout *= 2;
        self.threshold = (self.under_way / 2).max(2);
        (self.congestion, self.under_way, self.next) = (1, 0, self.first);
        (self.recovers, self.repeats, self.duplicates) = (None, Some(self.sent), 0);
        self.send(now);
    }
}

fn byte(at: u32) -> u8 {
    u8::try_from((at / 7) % 251).unwrap()
}

/// Takes a stream of a foreign peer, of whose packets `lost` loses some by their number; how long it took.
fn take(length: u32, delay: Duration, mut lost: impl FnMut(usize, Instant) -> bool) -> Duration {
    let began = start();
    let mut now = began;
    let mut ours = Stack::new(vec![A], Stranger::Refuse, 1, now);
    let flow = ours.dial(b(9), now).unwrap();
    let mut foreign: Option<Foreign> = None;
    let (mut to_ours, mut to_theirs) = (VecDeque::new(), VecDeque::new());
    let (mut received, mut count, mut buffer) = (0, 0, vec![0; 1 << 20]);
    while received < length {
        while let Some((_, packet)) = to_ours.pop_front_if(|(at, _): &mut (Instant, Vec<u8>)| *at <= now) {
            ours.handle_packet(&packet, now);
        }
        while let Some((_, packet)) = to_theirs.pop_front_if(|(at, _): &mut (Instant, Vec<u8>)| *at <= now) {
            match &mut foreign {
                Some(foreign) => foreign.handle(&packet, now),
                None => {
                    let (local, remote) = ours.ends(flow).unwrap();
                    foreign = Some(Foreign::accept(&packet, (remote, local), length));
                }
            }
        }
        while let Poll::Ready(read) = ours.read(flow, &mut buffer, now) {
            let read = read.unwrap();
            assert!((received..).zip(&buffer[..read]).all(|(at, found)| *found == byte(at)), "at {received}");
            received += u32::try_from(read).unwrap();
        }
        while ours.poll(now, &mut |packet| to_theirs.push_back((now + delay, packet.to_vec()))) {}
        if let Some(foreign) = &mut foreign {
            foreign.handle_timeout(now);
            for packet in foreign.out.drain(..) {
                count += 1;
                if !lost(count, now) {
                    to_ours.push_back((now + delay, packet));
                }
            }
        }
        let arrivals = [&to_ours, &to_theirs].into_iter().filter_map(|queue| queue.front().map(|(at, _)| *at));
        let timers = [ours.poll_timeout(), foreign.as_ref().and_then(|foreign| foreign.timer)];
        now = now.max(arrivals.chain(timers.into_iter().flatten()).min().expect("something happens"));
        assert!(now < began + Duration::from_secs(3600), "{received} of {length}");
    }
    now - began
}

/// A full socket buffer, or a peer that moves: the rest of a window is lost, and nothing after it shows the loss.
#[test]
fn a_foreign_sender_repairs_a_lost_window_in_a_few_round_trips() {
    let check = |first: usize, dead: u64, delay: u64, at_most: u64| {
        let mut until = None;
        let took = take(4_000_000, Duration::from_millis(delay), |number, now| {
            number >= first && now < *until.get_or_insert(now + Duration::from_millis(dead))
        });
        assert!(took.as_millis() < at_most.into(), "{dead} ms lost from {first} on, {delay} ms away: {took:?}");
    };
    check(0, 0, 1, 100);
    // With selective acknowledgements these take minutes to hours.
    check(20, 50, 1, 500);
    check(300, 50, 1, 500);
    check(2000, 50, 1, 500);
    check(300, 150, 30, 2000);
    check(300, 1000, 30, 4000);
}

/// Segments behind the loss arrive.
#[test]
fn a_foreign_sender_repairs_a_hole_at_once() {
    let check = |lost: std::ops::Range<usize>, delay: u64, at_most: u64| {
        let took = take(4_000_000, Duration::from_millis(delay), |number, _| lost.contains(&number));
        assert!(took.as_millis() < at_most.into(), "{lost:?} were lost {delay} ms away: {took:?}");
    };
    check(300..301, 1, 100);
    check(300..340, 1, 300);
    check(300..301, 30, 1500);
    check(300..340, 30, 5000);
}
