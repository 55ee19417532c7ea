//! The rules of a yamux session as a pure machine: bytes in, bytes out, streams between. Not here: IO, clocks, wakers.
//!
//! An end that breaks a rule ends the whole session: the machine says so once with a GoAway frame and takes nothing more.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};
use proto::yamux::{GoAway, HEAD, Head, Kind, flag};

use super::ending::SessionError;
use super::half::{Halves, Part};
use super::{LINGER, MAX_CONTROL, MAX_STREAMS, PING_PERIOD, PONG_LIMIT, RECEIVE_WINDOW};

/// Which end of the connection this is. The client opens odd streams, the server even ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The end that dialled.
    Client,
    /// The end that was dialled.
    Server,
}

/// What the handles must be told after bytes came in.
#[derive(Debug, Default)]
pub struct Events {
    /// Streams that can be read or written again, or died.
    pub changed: BTreeSet<u32>,
    /// Streams that the other end opened, for `accept`.
    pub accepted: bool,
    /// An `open` that waited may try again.
    pub can_open: bool,
}

/// What a session holds on to, so that a test can check that the other end cannot make it hold more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Streams that the other end opened and that are not over.
    pub remote_streams: usize,
    /// Streams that we opened and that are not over.
    pub own_streams: usize,
    /// Most bytes that one stream may still make us hold: what waits for its reader and what its window allows.
    pub largest_window: usize,
    /// Control frames and streams that wait to be sent, streams that wait to be accepted.
    pub queued: usize,
}

/// The machine. [`super::Mux`] is how a program uses it; by itself it serves tests that need neither IO nor time.
#[derive(Debug)]
pub struct Session {
    role: Role,
    next_id: u64,
    streams: HashMap<u32, Halves>,
    accept: VecDeque<u32>,
    input: BytesMut,
    /// The data frame that is coming in.
    data: Option<Incoming>,
    control: VecDeque<Head>,
    ready: VecDeque<u32>,
    events: Events,
    remote_gone: bool,
    said_goodbye: bool,
    ended: Option<SessionError>,
    ping: u32,
    ping_at: Instant,
    pong_by: Option<Instant>,
}

#[derive(Debug)]
struct Incoming {
    stream: u32,
    left: usize,
    fin: bool,
}

impl Session {
    /// Nothing sent or received yet.
    #[must_use]
    pub fn new(role: Role, now: Instant) -> Self {
        Self {
            role,
            next_id: if role == Role::Client { 1 } else { 2 },
            streams: HashMap::new(),
            accept: VecDeque::new(),
            input: BytesMut::new(),
            data: None,
            control: VecDeque::new(),
            ready: VecDeque::new(),
            events: Events::default(),
            remote_gone: false,
            said_goodbye: false,
            ended: None,
            ping: 0,
            ping_at: now + PING_PERIOD,
            pong_by: None,
        }
    }

    /// Why it ended, once it has.
    #[must_use]
    pub fn ended(&self) -> Option<SessionError> {
        self.ended
    }

    /// What the handles must be told since the last time.
    pub fn take_events(&mut self) -> Events {
        std::mem::take(&mut self.events)
    }

    /// Ends the session from our side. What the streams already wrote is still sent, then a GoAway.
    pub fn end(&mut self, why: SessionError) {
        if self.ended.is_some() {
            return;
        }
        // An end that said goodbye does not read what we still write.
        let why = if self.remote_gone && matches!(why, SessionError::Io(_)) { SessionError::Closed } else { why };
        let reason = if why.is_protocol() { GoAway::Protocol } else { GoAway::Normal };
        self.ended = Some(why);
        if !matches!(why, SessionError::Closed) {
            self.ready.clear();
        }
        if !matches!(why, SessionError::Io(_)) {
            self.control.push_back(Head::new(Kind::GoAway, 0, 0, reason as u32));
        }
        self.events.accepted = true;
        self.events.can_open = true;
        self.events.changed.extend(self.streams.keys());
    }

    // --- streams, as their handles use them -------------------------------------------------------------------------

    /// A new stream; `None` when too many are open: try again after [`Events::can_open`].
    pub fn open(&mut self) -> Result<Option<u32>, SessionError> {
        if let Some(why) = self.ended {
            return Err(why);
        }
        let Ok(id) = u32::try_from(self.next_id) else { return Err(SessionError::Closed) };
        if self.remote_gone {
            return Err(SessionError::WentAway(GoAway::Normal as u32));
        }
        let own = self.streams.keys().filter(|id| !self.is_remote(**id)).count();
        if own >= MAX_STREAMS {
            return Ok(None);
        }
        self.next_id += 2;
        self.streams.insert(id, Halves::new());
        self.control.push_back(Head::new(Kind::WindowUpdate, flag::SYN, id, 0));
        Ok(Some(id))
    }

    /// The next stream that the other end opened.
    pub fn accept(&mut self) -> Option<u32> {
        self.accept.pop_front()
    }

    /// Bytes for the reader; `Ok(None)` when there are none yet, empty at the end.
    pub fn read(&mut self, id: u32, most: usize) -> Result<Option<Bytes>, SessionError> {
        let why = self.why();
        let Some(halves) = self.streams.get_mut(&id) else { return Err(why) };
        let got = halves.read(most);
        if got.is_none() && halves.is_dead() {
            return Err(why);
        }
        if let Some(delta) = halves.credit_to_give().filter(|_| self.ended.is_none()) {
            self.control.push_back(Head::new(Kind::WindowUpdate, 0, id, delta));
        }
        match (got, self.ended) {
            (None, Some(why)) => Err(why),
            (got, _) => Ok(got),
        }
    }

    /// Whether `write` may be called: `Ok(false)` means later.
    pub fn poll_room(&self, id: u32) -> Result<bool, SessionError> {
        if let Some(why) = self.ended {
            return Err(why);
        }
        match self.streams.get(&id) {
            Some(halves) if halves.can_write() => Ok(halves.has_room()),
            _ => Err(self.why()),
        }
    }

    /// Takes everything, also beyond the room that [`Session::poll_room`] watches, so that a packet is never cut.
    pub fn write(&mut self, id: u32, data: Bytes) -> Result<(), SessionError> {
        self.poll_room(id)?;
        if let Some(halves) = self.streams.get_mut(&id) {
            halves.write(data);
        }
        self.queue(id);
        Ok(())
    }

    /// No more data from us.
    pub fn finish(&mut self, id: u32) {
        if let Some(halves) = self.streams.get_mut(&id) {
            halves.finish();
            self.queue(id);
        }
    }

    /// Ends both halves at once; what waits is lost.
    pub fn reset(&mut self, id: u32) {
        if self.streams.get(&id).is_some_and(|halves| !halves.is_dead()) && self.ended.is_none() {
            self.control.push_back(Head::new(Kind::WindowUpdate, flag::RST, id, 0));
        }
        self.kill(id);
    }

    /// The last handle is gone: finish, and wait a while for the other end to do the same.
    pub fn release(&mut self, id: u32, now: Instant) {
        let Some(halves) = self.streams.get_mut(&id) else { return };
        halves.released = Some(now);
        halves.finish();
        self.queue(id);
        self.drop_if_over(id);
    }

    // --- the connection, as the driver uses it ----------------------------------------------------------------------

    /// Bytes from the other end.
    pub fn handle_input(&mut self, bytes: &[u8], now: Instant) {
        if self.ended.is_some() {
            return;
        }
        // Everything that comes shows that the other end lives; asking waits until it is silent.
        self.ping_at = now + PING_PERIOD;
        self.pong_by = None;
        if let Err(why) = self.frames(bytes) {
            self.end(why);
        }
    }

    /// The other end's side of the connection ended.
    pub fn handle_eof(&mut self) {
        self.end(SessionError::Closed);
    }

    /// The time of [`Session::poll_timeout`] came.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.ended.is_some() {
            return;
        }
        if self.pong_by.is_some_and(|by| now >= by) {
            return self.end(SessionError::Silent);
        }
        if now >= self.ping_at {
            self.ping = self.ping.wrapping_add(1);
            self.control.push_back(Head::new(Kind::Ping, flag::SYN, 0, self.ping));
            self.pong_by = Some(now + PONG_LIMIT);
            self.ping_at = now + PING_PERIOD;
        }
        let late = |halves: &Halves| halves.released.is_some_and(|since| now >= since + LINGER);
        let lingering: Vec<u32> = self.streams.iter().filter(|(_, halves)| late(halves)).map(|(id, _)| *id).collect();
        for id in lingering {
            self.reset(id);
        }
    }

    /// When [`Session::handle_timeout`] must be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.ended.is_some() {
            return None;
        }
        let linger = self.streams.values().filter_map(|halves| halves.released).min().map(|since| since + LINGER);
        [Some(self.pong_by.unwrap_or(self.ping_at)), linger].into_iter().flatten().min()
    }

    /// Appends what is to be sent until `out` holds about `most` bytes. Control frames first, then streams in turn.
    pub fn poll_output(&mut self, out: &mut BytesMut, most: usize) {
        let mut goodbye = None;
        while out.len() < most {
            let Some(head) = self.control.pop_front() else { break };
            if head.kind == Kind::GoAway {
                goodbye = Some(head);
                continue;
            }
            out.put_slice(&head.encode());
        }
        while out.len() < most {
            let Some(id) = self.ready.pop_front() else { break };
            self.part(id, out);
        }
        // Goodbye is the last word: what the streams wrote before it goes first.
        match goodbye {
            Some(head) if self.ready.is_empty() => {
                self.said_goodbye = true;
                out.put_slice(&head.encode());
            }
            Some(head) => self.control.push_front(head),
            None => {}
        }
    }

    /// Whether [`Session::poll_output`] has something to say.
    #[must_use]
    pub fn has_output(&self) -> bool {
        !self.control.is_empty() || !self.ready.is_empty()
    }

    /// What it holds on to.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let remote_streams = self.streams.keys().filter(|id| self.is_remote(**id)).count();
        Usage {
            remote_streams,
            own_streams: self.streams.len() - remote_streams,
            largest_window: self.streams.values().map(Halves::held).max().unwrap_or_default(),
            queued: self.control.len() + self.ready.len() + self.accept.len(),
        }
    }

    // --- inside -----------------------------------------------------------------------------------------------------

    fn why(&self) -> SessionError {
        self.ended.unwrap_or(SessionError::Io(std::io::ErrorKind::ConnectionReset))
    }

    fn is_remote(&self, id: u32) -> bool {
        id.is_multiple_of(2) == (self.role == Role::Client)
    }

    fn part(&mut self, id: u32, out: &mut BytesMut) {
        let Some(halves) = self.streams.get_mut(&id) else { return };
        halves.queued = false;
        match halves.next_part() {
            Some(Part::Data(data)) => {
                let length = u32::try_from(data.len()).unwrap_or_default();
                out.put_slice(&Head::new(Kind::Data, 0, id, length).encode());
                out.put_slice(&data);
            }
            Some(Part::Fin) => out.put_slice(&Head::new(Kind::WindowUpdate, flag::FIN, id, 0).encode()),
            None => return,
        }
        if halves.has_room() {
            self.events.changed.insert(id);
        }
        self.queue(id);
        self.drop_if_over(id);
    }

    fn queue(&mut self, id: u32) {
        // Handles that are dropped later have nothing to say any more.
        if self.said_goodbye || self.ended.is_some_and(|why| !matches!(why, SessionError::Closed)) {
            return;
        }
        if let Some(halves) = self.streams.get_mut(&id).filter(|halves| !halves.queued && halves.has_part()) {
            halves.queued = true;
            self.ready.push_back(id);
        }
    }

    fn drop_if_over(&mut self, id: u32) {
        if self.streams.get(&id).is_some_and(Halves::is_over) {
            self.streams.remove(&id);
            self.events.can_open = true;
        }
    }

    /// A dead stream keeps its number until its last handle is gone, so that no handle ever meets another stream.
    fn kill(&mut self, id: u32) {
        if let Some(halves) = self.streams.get_mut(&id) {
            halves.kill();
            self.events.changed.insert(id);
            self.drop_if_over(id);
        }
    }

    fn frames(&mut self, mut bytes: &[u8]) -> Result<(), SessionError> {
        while !bytes.is_empty() {
            if let Some(data) = &mut self.data {
                let (now, later) = bytes.split_at(data.left.min(bytes.len()));
                data.left -= now.len();
                let (stream, is_whole) = (data.stream, data.left == 0);
                bytes = later;
                if let Some(halves) = self.streams.get_mut(&stream) {
                    halves.receive(now);
                    self.events.changed.insert(stream);
                }
                if is_whole {
                    self.end_of_data();
                }
                continue;
            }
            let (now, later) = bytes.split_at((HEAD - self.input.len()).min(bytes.len()));
            self.input.extend_from_slice(now);
            bytes = later;
            if let Some(head) = self.input.first_chunk::<HEAD>() {
                let head = Head::decode(head)?;
                self.input.clear();
                self.frame(head)?;
            }
        }
        Ok(())
    }

    fn frame(&mut self, head: Head) -> Result<(), SessionError> {
        if self.control.len() > MAX_CONTROL {
            return Err(SessionError::Flood);
        }
        match head.kind {
            Kind::Ping if head.has(flag::SYN) => {
                self.control.push_back(Head::new(Kind::Ping, flag::ACK, 0, head.length));
            }
            // A pong has done its work by coming at all.
            Kind::Ping => {}
            Kind::GoAway if head.length == GoAway::Normal as u32 => {
                self.remote_gone = true;
                self.events.can_open = true;
            }
            Kind::GoAway => return Err(SessionError::WentAway(head.length)),
            Kind::Data | Kind::WindowUpdate => self.stream_frame(head)?,
        }
        Ok(())
    }

    fn stream_frame(&mut self, head: Head) -> Result<(), SessionError> {
        let id = head.stream;
        if head.has(flag::SYN) {
            self.incoming(id)?;
        }
        if head.has(flag::RST) {
            self.kill(id);
        }
        if head.kind == Kind::WindowUpdate {
            if let Some(halves) = self.streams.get_mut(&id) {
                if !halves.add_credit(head.length) {
                    return Err(SessionError::Credit(id));
                }
                self.events.changed.insert(id);
                self.queue(id);
            }
            if head.has(flag::FIN) {
                self.remote_finish(id);
            }
            return Ok(());
        }
        let is_allowed = match self.streams.get_mut(&id) {
            Some(halves) if !halves.is_dead() => !halves.is_remote_finished() && halves.take_window(head.length),
            // A stream that is gone here may still have data on its way, but never more than its window.
            _ => head.length <= RECEIVE_WINDOW,
        };
        if !is_allowed {
            return Err(SessionError::Window(id));
        }
        let left = usize::try_from(head.length).unwrap_or(usize::MAX);
        self.data = Some(Incoming { stream: id, left, fin: head.has(flag::FIN) });
        if left == 0 {
            self.end_of_data();
        }
        Ok(())
    }

    fn end_of_data(&mut self) {
        if let Some(Incoming { stream, fin: true, .. }) = self.data.take() {
            self.remote_finish(stream);
        }
    }

    fn remote_finish(&mut self, id: u32) {
        if let Some(halves) = self.streams.get_mut(&id) {
            halves.remote_finish();
            self.events.changed.insert(id);
            self.drop_if_over(id);
        }
    }

    /// The other end opens a stream: accepted at once, or refused when too many are open.
    fn incoming(&mut self, id: u32) -> Result<(), SessionError> {
        if id == 0 || !self.is_remote(id) || self.streams.contains_key(&id) {
            return Err(SessionError::StreamId(id));
        }
        let open = self.streams.keys().filter(|id| self.is_remote(**id)).count();
        if open >= MAX_STREAMS {
            self.control.push_back(Head::new(Kind::WindowUpdate, flag::RST, id, 0));
            return Ok(());
        }
        self.streams.insert(id, Halves::new());
        self.accept.push_back(id);
        self.events.accepted = true;
        self.control.push_back(Head::new(Kind::WindowUpdate, flag::ACK, id, 0));
        Ok(())
    }
}
