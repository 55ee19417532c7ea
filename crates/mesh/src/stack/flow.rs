//! One TCP connection: a smoltcp socket with an interface of its own. smoltcp looks through all sockets of an interface for
//! every packet and every timer; one interface per connection lets the stack find a flow by a hash and wake only flows
//! that have something to do.
//!
//! What is added to smoltcp: user timeout (its own would also end idle connections), a lifetime after the owner left,
//! a limit on stretched acknowledgements, and repetition before its timer runs out.

use std::net::SocketAddrV6;
use std::task::Poll;
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{CongestionControl, RecvError, Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpEndpoint, IpListenEndpoint};

use super::port::{Outbox, Port, at, micros};
use super::probe::Probe;
use super::relayed::{LEAST, SendLimit, Verdict};
use super::{AskId, StreamError, packet};

/// A peer that owes us an acknowledgement and says nothing for this long is gone. Go peers give up after 5 retries (some
/// 6 s to a minute); an outage of a minute must not lose a stream, so we are more patient.
pub const USER_TIMEOUT: Duration = Duration::from_secs(100);
/// The same before the connection is open: 5 tries of a SYN.
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(31);
/// How long a connection whose owner has left may take to finish.
const LINGER: Duration = Duration::from_secs(60);
/// How long a finished connection whose owner has left answers repeated segments. (RFC 9293 wants minutes; ports are
/// random and sequence numbers of strangers cannot get in.)
const TIME_WAIT: Duration = Duration::from_secs(2);
/// smoltcp forgets unread data when its own 10 s of TIME-WAIT end; it must not see the end while the owner still reads.
const FORGETS_AFTER: Duration = Duration::from_secs(9);
/// While a connection is young its sender is probably in slow start, which counts acknowledgements: one for every second
/// segment, as RFC 9293 wants.
const YOUNG_BYTES: u64 = 4 << 20;
const YOUNG_ACK_EVERY: u32 = 2;
/// Later one for so many segments is enough, and saves a fifth of the work.
const ACK_EVERY: u32 = 12;
/// Segment size of a peer that names none (RFC 9293, 3.7.1), and the smallest that is honoured.
const DEFAULT_SEGMENT: u16 = 536;
const LEAST_SEGMENT: u16 = 48;
/// With no more than this unacknowledged our FIN follows at once, also after the peer's: an answer is no round trip longer.
const SHORT_TAIL: usize = 4 * packet::MAX_SEGMENT as usize;
/// A waiting writer is woken when at least this much is free (or a quarter of a small buffer).
const WRITER_ROOM: usize = 128 << 10;

/// How a flow came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// We opened it.
    Dialled,
    /// Somebody came to this listener.
    Listener(u16),
    /// Somebody came to a port without listener and the driver agreed.
    Asked(AskId),
}

/// What [`Flow::settle`] found.
#[derive(Debug, Default)]
pub struct News {
    pub established: bool,
    pub readable: bool,
    pub writable: bool,
    /// Nothing will ever be sent or received for it again.
    pub dead: bool,
    pub next: Option<Instant>,
}

/// See the module.
pub struct Flow {
    pub local: SocketAddrV6,
    pub remote: SocketAddrV6,
    pub origin: Origin,
    /// Bytes of buffers, to be given back to the budget.
    pub reserved: usize,
    /// Its owner holds a stream.
    pub attached: bool,
    /// It is in the queue of flows with something to send.
    pub queued: bool,
    /// It is counted among those that send to the peer.
    pub counted: bool,
    /// Its place in the stack's timers.
    pub deadline: Option<Instant>,
    /// Largest payload that the peer takes.
    segment: u16,
    /// What windows of the peer are shifted by.
    window_scale: u8,
    /// What may be unacknowledged, and what is lost.
    send_limit: SendLimit,
    probe: Probe,
    /// The acknowledgement that smoltcp saw last, for telling it the same again; empty before the first.
    acknowledgement: Vec<u8>,
    /// The number of the next byte that its owner reads.
    taken: u32,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    epoch: Instant,
    announced: bool,
    write_closed: bool,
    wants_read: bool,
    wants_write: bool,
    received: u64,
    unacknowledged: u32,
    /// Since when the peer owes us something without a word from it.
    owing_since: Option<Instant>,
    left_at: Option<Instant>,
    time_wait_since: Option<Instant>,
}

impl Flow {
    pub fn new(
        local: SocketAddrV6,
        remote: SocketAddrV6,
        origin: Origin,
        buffer: usize,
        random: u64,
        epoch: Instant,
        now: Instant,
    ) -> Self {
        let mut outbox = Outbox::default();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = random;
        let mut port = Port { incoming: None, segment: packet::MAX_SEGMENT, outbox: &mut outbox };
        let mut interface = Interface::new(config, &mut port, at(epoch, now));
        interface.update_ip_addrs(|list| {
            // The list has room for two and is empty.
            let _ = list.push(IpCidr::new(IpAddress::Ipv6(*local.ip()), 128));
        });
        // Zeroed pages are not touched until data comes: an idle connection costs address space, not memory.
        let mut socket = Socket::new(SocketBuffer::new(vec![0; buffer]), SocketBuffer::new(vec![0; buffer]));
        socket.set_nagle_enabled(false);
        // What may be unacknowledged is decided by `SendLimit`.
        socket.set_congestion_control(CongestionControl::None);
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        Self {
            local,
            remote,
            origin,
            reserved: 2 * buffer,
            attached: true,
            queued: false,
            counted: false,
            deadline: None,
            segment: packet::MAX_SEGMENT,
            window_scale: 0,
            send_limit: SendLimit::default(),
            probe: Probe::default(),
            acknowledgement: Vec::new(),
            taken: 0,
            interface,
            sockets,
            handle,
            epoch,
            announced: false,
            write_closed: false,
            wants_read: false,
            wants_write: false,
            received: 0,
            unacknowledged: 0,
            owing_since: None,
            left_at: None,
            time_wait_since: None,
        }
    }

    /// Sends the SYN at the next [`Flow::send`].
    pub fn connect(&mut self) -> Result<(), StreamError> {
        let local = IpListenEndpoint { addr: Some(IpAddress::Ipv6(*self.local.ip())), port: self.local.port() };
        let remote = IpEndpoint::new(IpAddress::Ipv6(*self.remote.ip()), self.remote.port());
        let socket = self.sockets.get_mut::<Socket>(self.handle);
        socket.connect(self.interface.context(), remote, local).map_err(|_| StreamError::Reset)
    }

    /// Waits for the SYN that the stack is about to feed.
    pub fn listen(&mut self) -> Result<(), StreamError> {
        let local = IpListenEndpoint { addr: Some(IpAddress::Ipv6(*self.local.ip())), port: self.local.port() };
        self.socket_mut().listen(local).map_err(|_| StreamError::Reset)
    }

    pub fn set_keep_alive(&mut self, idle: Duration) {
        self.socket_mut().set_keep_alive(Some(smoltcp::time::Duration::from_micros(micros(idle))));
    }

    fn socket(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    fn socket_mut(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// Takes in one packet of this flow; at most `share` bytes may be unacknowledged. True when an acknowledgement is due
    /// before more packets are taken in.
    pub fn receive(&mut self, packet: &[u8], share: usize, outbox: &mut Outbox, now: Instant) -> bool {
        match packet::acknowledgement(packet) {
            Some(acknowledgement) => self.receive_limited(packet, acknowledgement, share, outbox, now),
            None => self.feed(packet, outbox, now),
        }
        if self.has_end_to_send() {
            self.close_in_time();
        }
        self.owing_since = None;
        self.received += packet.len() as u64;
        self.unacknowledged += 1;
        let every = if self.received < YOUNG_BYTES { YOUNG_ACK_EVERY } else { ACK_EVERY };
        self.unacknowledged >= every
    }

    fn receive_limited(
        &mut self,
        packet: &[u8],
        acknowledgement: packet::Acknowledgement,
        share: usize,
        outbox: &mut Outbox,
        now: Instant,
    ) {
        let verdict = self.send_limit.note_acknowledgement(acknowledgement);
        let limit = u16::try_from(self.send_limit.limit(share) >> self.window_scale).unwrap_or(u16::MAX);
        // A scaled window is rounded down, so its edge moves back by up to one unit between two acknowledgements (RFC 7323,
        // 2.4). smoltcp never repeats what was cut off there while it probes a closed window: stay a unit away.
        let window = acknowledgement.window.saturating_sub(u16::from(self.window_scale > 0));
        self.probe.note_acknowledgement(acknowledgement.number, self.send_limit.under_way(), now);
        if verdict == Verdict::Skip {
            return;
        }
        // The memory of the last one: an allocation for each packet would be felt.
        let mut limited = std::mem::take(&mut self.acknowledgement);
        limited.clear();
        limited.extend_from_slice(packet);
        packet::set_window(&mut limited, window.min(limit));
        if acknowledgement.is_bare {
            let awaited = self.awaited();
            if packet::sequence(&limited).wrapping_sub(awaited) as usize <= self.socket().recv_capacity() {
                packet::set_sequence(&mut limited, awaited);
            }
        }
        self.feed(&limited, outbox, now);
        packet::make_bare(&mut limited);
        self.acknowledgement = limited;
        if verdict == Verdict::Lost {
            self.repeat(outbox, now);
        }
    }

    /// Makes smoltcp repeat the first unacknowledged segment, which it does at the third duplicate of what it knows.
    fn repeat(&mut self, outbox: &mut Outbox, now: Instant) {
        let mut acknowledgement = std::mem::take(&mut self.acknowledgement);
        packet::set_sequence(&mut acknowledgement, self.awaited());
        for _ in 0..3 {
            self.feed(&acknowledgement, outbox, now);
        }
        self.acknowledgement = acknowledgement;
    }

    /// Lets smoltcp see the last acknowledgement with the least window, when it knows of a larger one.
    fn tell_least(&mut self, outbox: &mut Outbox, now: Instant) {
        let least = u16::try_from(LEAST >> self.window_scale).unwrap_or(u16::MAX);
        let mut acknowledgement = std::mem::take(&mut self.acknowledgement);
        if packet::acknowledgement(&acknowledgement).is_some_and(|seen| seen.window > least) {
            packet::set_window(&mut acknowledgement, least);
            packet::set_sequence(&mut acknowledgement, self.awaited());
            self.feed(&acknowledgement, outbox, now);
        }
        self.acknowledgement = acknowledgement;
    }

    /// The number of the next byte that is awaited. smoltcp drops a bare acknowledgement whose own number lies at the end of
    /// our window: two ends that read no more while they cannot write would not hear each other.
    fn awaited(&self) -> u32 {
        let socket = self.socket();
        let has_end = matches!(socket.state(), State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        let ahead = u32::try_from(socket.recv_queue() + usize::from(has_end)).unwrap_or_default();
        self.taken.wrapping_add(ahead)
    }

    fn feed(&mut self, packet: &[u8], outbox: &mut Outbox, now: Instant) {
        let clamped = packet::has_syn(packet).then(|| {
            if matches!(self.socket().state(), State::Listen | State::SynSent | State::SynReceived) {
                self.taken = packet::sequence(packet).wrapping_add(1);
            }
            self.window_scale = packet::window_scale(packet);
            let mut syn = packet.to_vec();
            packet::forbid_selective(&mut syn);
            // What smoltcp makes of it, too: an absent or silly size has a default.
            let announced = packet::clamp_segment_size(&mut syn).filter(|size| *size != 0);
            self.segment = announced.unwrap_or(DEFAULT_SEGMENT).max(LEAST_SEGMENT);
            syn
        });
        let incoming = Some(clamped.as_deref().unwrap_or(packet));
        let mut port = Port { incoming, segment: self.segment, outbox };
        self.interface.poll_ingress_single(at(self.epoch, now), &mut port, &mut self.sockets);
    }

    /// Sends what it can, up to some bytes. True when there is more.
    pub fn send(&mut self, outbox: &mut Outbox, quantum: usize, now: Instant) -> bool {
        self.unacknowledged = 0;
        let state = self.socket().state();
        if state == State::TimeWait {
            let since = *self.time_wait_since.get_or_insert(now);
            if now >= since + FORGETS_AFTER {
                return false;
            }
        }
        if self.owes().is_none() {
            self.owing_since = None;
        } else if let Some(limit) = self.owes() {
            let since = *self.owing_since.get_or_insert(now);
            if now >= since + limit {
                self.socket_mut().abort();
            }
        }
        if self.left_at.is_some_and(|left| now >= left + LINGER) && !self.is_over() {
            self.abort();
        }
        if self.probe.take_due(now) && self.send_limit.note_silence() {
            self.repeat(outbox, now);
        }
        if self.probe.is_timer_near(now) && self.send_limit.note_timer_near() {
            self.tell_least(outbox, now);
        }
        let start = outbox.len();
        while outbox.len() - start < quantum {
            let before = outbox.len();
            let mut port = Port { incoming: None, segment: self.segment, outbox };
            let result = self.interface.poll_egress(at(self.epoch, now), &mut port, &mut self.sockets);
            if result == PollResult::None {
                return false;
            }
            if let Some((start, end)) = packet::data_range(outbox.since(before)) {
                let is_new = self.send_limit.note_sent(start, end);
                self.probe.note_sent(end, is_new, now);
            }
        }
        true
    }

    /// How long the peer may be silent, when it owes us something.
    fn owes(&self) -> Option<Duration> {
        match self.socket().state() {
            State::SynSent | State::SynReceived => Some(OPEN_TIMEOUT),
            State::FinWait1 | State::Closing | State::LastAck => Some(USER_TIMEOUT),
            _ if self.socket().send_queue() > 0 => Some(USER_TIMEOUT),
            _ => None,
        }
    }

    /// Finds out what has changed since the last time.
    pub fn settle(&mut self, now: Instant) -> News {
        let socket = self.socket();
        let state = socket.state();
        let mut news = News::default();
        // A flow that fell back to LISTEN was reset before it was open.
        let gone = state == State::Listen || (state == State::Closed && socket.local_endpoint().is_none());
        let opening = matches!(state, State::SynSent | State::SynReceived);
        let readable = socket.can_recv() || !(opening || socket.may_recv());
        let room = socket.send_capacity() - socket.send_queue();
        let writable = !opening && (!socket.may_send() || room >= WRITER_ROOM.min(socket.send_capacity() / 4));
        news.established = !opening && !gone && !std::mem::replace(&mut self.announced, !opening);
        news.readable = readable && std::mem::take(&mut self.wants_read);
        self.wants_read &= !readable;
        news.writable = writable && std::mem::take(&mut self.wants_write);
        self.wants_write &= !writable;
        let over = state == State::TimeWait && self.left_until().is_some_and(|until| now >= until);
        news.dead = gone || over;
        news.next = if news.dead { None } else { self.next(now) };
        news
    }

    fn next(&mut self, now: Instant) -> Option<Instant> {
        let state = self.socket().state();
        let stack = if state == State::TimeWait {
            None
        } else {
            let at_most = self.interface.poll_at(at(self.epoch, now), &self.sockets);
            at_most.map(|time| self.epoch + Duration::from_micros(u64::try_from(time.total_micros()).unwrap_or(0)))
        };
        let owing = self.owes().map(|limit| self.owing_since.unwrap_or(now) + limit);
        let leaving = self.left_until();
        [stack, owing, leaving, self.probe.due()].into_iter().flatten().min()
    }

    /// When a connection without owner is over at the latest.
    fn left_until(&self) -> Option<Instant> {
        self.left_at.map(|left| match self.time_wait_since {
            Some(since) => left.max(since) + TIME_WAIT,
            None => left + LINGER,
        })
    }

    /// Whether it is due for [`Flow::send`].
    pub fn has_work(&mut self, now: Instant) -> bool {
        self.next(now).is_some_and(|next| next <= now)
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, StreamError>> {
        let socket = self.socket_mut();
        match socket.recv_slice(buffer) {
            Ok(0) if !buffer.is_empty() => {}
            Ok(length) => {
                self.taken = self.taken.wrapping_add(u32::try_from(length).unwrap_or_default());
                return Poll::Ready(Ok(length));
            }
            Err(RecvError::Finished) => return Poll::Ready(Ok(0)),
            Err(RecvError::InvalidState) => {
                if !matches!(socket.state(), State::SynSent | State::SynReceived) {
                    return Poll::Ready(Err(StreamError::Reset));
                }
            }
        }
        self.wants_read = true;
        Poll::Pending
    }

    pub fn write(&mut self, data: &[u8]) -> Poll<Result<usize, StreamError>> {
        if self.write_closed {
            return Poll::Ready(Err(StreamError::Closed));
        }
        let socket = self.socket_mut();
        match socket.send_slice(data) {
            Ok(0) if !data.is_empty() => {}
            Ok(length) => return Poll::Ready(Ok(length)),
            Err(_) => {
                if !matches!(socket.state(), State::SynSent | State::SynReceived) {
                    return Poll::Ready(Err(StreamError::Reset));
                }
            }
        }
        self.wants_write = true;
        Poll::Pending
    }

    /// Whether a dialled connection is open.
    pub fn opened(&mut self) -> Poll<Result<(), StreamError>> {
        match self.socket().state() {
            State::SynSent | State::SynReceived => {
                self.wants_write = true;
                Poll::Pending
            }
            State::Closed | State::Listen => Poll::Ready(Err(StreamError::Reset)),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Half-close: what was written is still delivered.
    pub fn close_write(&mut self) {
        self.write_closed = true;
        self.close_in_time();
    }

    /// After its own FIN and the peer's, smoltcp hears no more that something is lost (a duplicate acknowledgement in
    /// LAST-ACK is only answered), and repeats by its timer alone. So our FIN waits until little is left to be lost.
    fn close_in_time(&mut self) {
        let socket = self.socket_mut();
        if socket.state() != State::CloseWait || socket.send_queue() <= SHORT_TAIL {
            socket.close();
        }
    }

    /// Whether our FIN is still to be given to smoltcp ([`Flow::close_in_time`]), which leaves CLOSE-WAIT by it.
    fn has_end_to_send(&self) -> bool {
        self.write_closed && self.socket().state() == State::CloseWait
    }

    /// Whether something sent may be unacknowledged.
    pub fn is_sending(&self) -> bool {
        self.socket().send_queue() > 0
    }

    /// Whether everything written, and the end of it when it was ended, was acknowledged.
    pub fn is_delivered(&self) -> bool {
        let closing = matches!(self.socket().state(), State::FinWait1 | State::Closing | State::LastAck);
        !closing && !self.has_end_to_send() && self.socket().send_queue() == 0
    }

    /// The owner leaves. A connection whose writing end was closed finishes by itself; any other is reset, so that the
    /// peer never takes a broken stream for a whole one.
    pub fn leave(&mut self, now: Instant) {
        self.attached = false;
        self.left_at = Some(now);
        if !self.write_closed {
            self.abort();
        }
    }

    pub fn abort(&mut self) {
        self.socket_mut().abort();
    }

    /// Whether the driver may know the flow's id (a listener's flow is made known when it is open).
    pub fn is_known(&self) -> bool {
        self.announced || !matches!(self.origin, Origin::Listener(_))
    }

    /// Whether both ends have closed and it only waits for stragglers.
    pub fn is_over(&self) -> bool {
        self.socket().state() == State::TimeWait
    }
}
