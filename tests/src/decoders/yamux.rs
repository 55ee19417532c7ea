//! A whole yamux session, driven from both sides: frames of a hostile end, and handles of ours that open, accept, read,
//! write and leave in any order (catalogue B10). Not here: the connection under it.
//!
//! ```text
//!  script = role, then steps: what (1) and its numbers (see `Drive::step`)
//! ```

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use proto::yamux::{HEAD, Head, Kind, flag};
use rpc::yamux::{MAX_STREAMS, RECEIVE_WINDOW, Role, Session, Usage};

use super::script::Script;

/// Most frames and streams that may wait: the cap of the session and one answer.
const MAX_QUEUED: usize = 4096 + 3 * MAX_STREAMS;
/// Longest data that one step really sends; longer lengths are lies.
const MAX_SENT: u32 = 4096;

struct Drive {
    session: Session,
    now: Instant,
    /// Streams that we hold a handle of.
    held: Vec<u32>,
    output: BytesMut,
    goodbyes: usize,
}

/// See the module.
pub fn yamux(data: &[u8]) {
    let mut script = Script(data);
    let role = if script.byte().unwrap_or_default() & 1 == 0 { Role::Server } else { Role::Client };
    let now = Instant::now();
    let mut drive =
        Drive { session: Session::new(role, now), now, held: Vec::new(), output: BytesMut::new(), goodbyes: 0 };
    while let Some(what) = script.byte() {
        drive.step(what, &mut script);
        drive.check();
    }
    drive.session.handle_eof();
    drive.send(usize::MAX);
    drive.check();
    assert!(drive.session.ended().is_some());
    assert_eq!(drive.goodbyes, 1, "an end is said once");
    for id in std::mem::take(&mut drive.held) {
        while let Ok(Some(bytes)) = drive.session.read(id, usize::MAX) {
            if bytes.is_empty() {
                break;
            }
        }
        drive.session.release(id, drive.now);
    }
}

impl Drive {
    fn stream(&self, index: u8) -> u32 {
        // Mostly a stream that is there, sometimes any number.
        match self.held.get(usize::from(index) % (self.held.len() + 1)) {
            Some(id) => *id,
            None => u32::from(index),
        }
    }

    fn step(&mut self, what: u8, script: &mut Script<'_>) {
        match what & 15 {
            0 => {
                let bytes = script.piece();
                self.session.handle_input(bytes, self.now);
            }
            // A frame of the other end: what it is, for which stream, how long it says it is.
            1..=5 => {
                let kind =
                    [Kind::Data, Kind::WindowUpdate, Kind::Ping, Kind::GoAway, Kind::Data][usize::from(what & 15) - 1];
                let flags = u16::from(script.byte().unwrap_or_default());
                let id = script.byte().unwrap_or_default();
                let length = u32::from(script.number()) << (what >> 4);
                let mut frame = Head::new(kind, flags, u32::from(id), length).encode().to_vec();
                if kind == Kind::Data && length <= MAX_SENT {
                    frame.resize(HEAD + usize::try_from(length).unwrap_or_default(), id);
                }
                self.session.handle_input(&frame, self.now);
            }
            // The same, but many times: storms.
            6 => {
                let kind = [Kind::Ping, Kind::GoAway, Kind::WindowUpdate, Kind::Data][usize::from(what >> 4 & 3)];
                let flags = u16::from(script.byte().unwrap_or_default());
                let count = u32::from(script.number()) & 0x7ff;
                let storm: Vec<u8> =
                    (0..count).flat_map(|index| Head::new(kind, flags, 2 * index + 1, 0).encode()).collect();
                self.session.handle_input(&storm, self.now);
            }
            7 => self.held.extend(self.session.open().ok().flatten()),
            8 => self.held.extend(self.session.accept()),
            9 => {
                let (id, most) = (self.stream(script.byte().unwrap_or_default()), usize::from(script.number()));
                if let Ok(Some(bytes)) = self.session.read(id, most) {
                    assert!(bytes.len() <= most);
                }
            }
            10 => {
                let (id, length) = (self.stream(script.byte().unwrap_or_default()), usize::from(script.number()));
                // As the handles do: more only while there is room.
                if self.session.poll_room(id) == Ok(true) {
                    assert_eq!(self.session.write(id, Bytes::from(vec![0; length])), Ok(()));
                }
            }
            11 => self.session.finish(self.stream(script.byte().unwrap_or_default())),
            12 => self.session.reset(self.stream(script.byte().unwrap_or_default())),
            13 => {
                let id = self.stream(script.byte().unwrap_or_default());
                if let Some(at) = self.held.iter().position(|held| *held == id) {
                    self.held.swap_remove(at);
                    self.session.release(id, self.now);
                }
            }
            14 => {
                self.now += Duration::from_secs(u64::from(script.byte().unwrap_or_default()));
                if self.session.poll_timeout().is_some_and(|at| at <= self.now) {
                    self.session.handle_timeout(self.now);
                }
            }
            _ => self.send(usize::from(script.number())),
        }
    }

    /// Takes what the session wants to send; it must be whole frames, and a goodbye the last of them.
    fn send(&mut self, most: usize) {
        while self.output.len() < most && self.session.has_output() {
            let before = self.output.len();
            self.session.poll_output(&mut self.output, most);
            assert!(self.output.len() > before, "output that never comes is a busy loop");
        }
        while let Some(head) = self.output.first_chunk::<HEAD>() {
            let head = Head::decode(head).expect("our own head");
            assert_eq!(self.goodbyes, 0, "a frame after the goodbye");
            let length = if head.kind == Kind::Data { usize::try_from(head.length).unwrap_or(usize::MAX) } else { 0 };
            let _ = self.output.split_to(HEAD + length);
            self.goodbyes += usize::from(head.kind == Kind::GoAway);
            assert!(head.kind != Kind::GoAway || !head.has(flag::SYN));
        }
    }

    fn check(&mut self) {
        let _ = self.session.take_events();
        check_usage(self.session.usage());
    }
}

/// Panics when a session holds more than it may.
pub fn check_usage(usage: Usage) {
    assert!(usage.remote_streams <= MAX_STREAMS && usage.own_streams <= MAX_STREAMS, "{usage:?}");
    assert!(usage.largest_window <= usize::try_from(RECEIVE_WINDOW).unwrap_or(usize::MAX), "{usage:?}");
    assert!(usage.queued <= MAX_QUEUED, "{usage:?}");
}
