//! One stream of a session: what waits to be sent, what waits to be read, and the credit of both. Not here: frames.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use proto::yamux::INITIAL_WINDOW;

use super::{MAX_DATA, RECEIVE_WINDOW, SEND_BUFFER};

/// How much of the sending side is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    Open,
    /// The end is said when everything before it was sent.
    Finishing,
    Finished,
}

/// Both halves of a stream.
#[derive(Debug)]
pub(super) struct Halves {
    sending: Sending,
    credit: u32,
    outgoing: VecDeque<Bytes>,
    outgoing_len: usize,
    /// The other end sends no more.
    remote_finished: bool,
    /// Bytes that the other end may still send.
    window: u32,
    /// What `window` was when nothing of it was used.
    whole_window: u32,
    incoming: BytesMut,
    /// Nobody holds the stream any more; since then it waits for the other end.
    pub(super) released: Option<Instant>,
    /// Reset by either end.
    dead: bool,
    /// Already in the queue of streams that have something to send.
    pub(super) queued: bool,
}

/// The next frame of a stream.
pub(super) enum Part {
    Data(Bytes),
    Fin,
}

impl Halves {
    pub(super) fn new() -> Self {
        Self {
            sending: Sending::Open,
            credit: INITIAL_WINDOW,
            outgoing: VecDeque::new(),
            outgoing_len: 0,
            remote_finished: false,
            window: INITIAL_WINDOW,
            whole_window: INITIAL_WINDOW,
            incoming: BytesMut::new(),
            released: None,
            dead: false,
            queued: false,
        }
    }

    /// `false` when the credit would not fit its number, which only a broken peer does.
    pub(super) fn add_credit(&mut self, delta: u32) -> bool {
        let Some(credit) = self.credit.checked_add(delta) else { return false };
        self.credit = credit;
        true
    }

    /// `false` when the other end sends more than it may.
    pub(super) fn take_window(&mut self, length: u32) -> bool {
        let Some(left) = self.window.checked_sub(length) else { return false };
        self.window = left;
        true
    }

    pub(super) fn receive(&mut self, data: &[u8]) {
        if self.released.is_none() && !self.dead {
            self.incoming.extend_from_slice(data);
        }
    }

    pub(super) fn remote_finish(&mut self) {
        self.remote_finished = true;
    }

    pub(super) fn is_remote_finished(&self) -> bool {
        self.remote_finished
    }

    /// Bytes for the reader; `None` when there are none yet, empty at the end.
    pub(super) fn read(&mut self, most: usize) -> Option<Bytes> {
        if !self.incoming.is_empty() {
            return Some(self.incoming.split_to(most.min(self.incoming.len())).freeze());
        }
        self.remote_finished.then(Bytes::new)
    }

    /// Bytes that wait for the reader, and those that may still come.
    pub(super) fn held(&self) -> usize {
        self.incoming.len().saturating_add(usize::try_from(self.window).unwrap_or(usize::MAX))
    }

    /// Credit to give back, once half of the window was read. The first time the window grows, too: a short call costs no
    /// frame for it, which would often come when the other end has forgotten the stream already.
    pub(super) fn credit_to_give(&mut self) -> Option<u32> {
        let held = u32::try_from(self.held()).unwrap_or(u32::MAX);
        let is_due = self.whole_window.saturating_sub(held) >= self.whole_window / 2;
        if self.remote_finished || self.dead || self.released.is_some() || !is_due {
            return None;
        }
        let delta = RECEIVE_WINDOW.saturating_sub(held);
        self.window += delta;
        self.whole_window = RECEIVE_WINDOW;
        Some(delta)
    }

    pub(super) fn can_write(&self) -> bool {
        self.sending == Sending::Open && !self.dead
    }

    /// Ends both halves. What came in before can still be read.
    pub(super) fn kill(&mut self) {
        self.dead = true;
        self.sending = Sending::Finished;
        self.outgoing.clear();
        self.outgoing_len = 0;
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    pub(super) fn has_room(&self) -> bool {
        self.outgoing_len < SEND_BUFFER
    }

    pub(super) fn write(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.outgoing_len += data.len();
            self.outgoing.push_back(data);
        }
    }

    pub(super) fn finish(&mut self) {
        if self.sending == Sending::Open {
            self.sending = Sending::Finishing;
        }
    }

    pub(super) fn has_part(&self) -> bool {
        match self.outgoing.is_empty() {
            false => self.credit > 0,
            true => self.sending == Sending::Finishing,
        }
    }

    pub(super) fn next_part(&mut self) -> Option<Part> {
        let Some(front) = self.outgoing.front_mut() else {
            if self.sending == Sending::Finishing {
                self.sending = Sending::Finished;
                return Some(Part::Fin);
            }
            return None;
        };
        let most = front.len().min(MAX_DATA).min(usize::try_from(self.credit).unwrap_or(MAX_DATA));
        if most == 0 {
            return None;
        }
        let part = front.copy_to_bytes(most);
        if front.is_empty() {
            self.outgoing.pop_front();
        }
        self.outgoing_len -= part.len();
        self.credit -= u32::try_from(part.len()).unwrap_or_default();
        Some(Part::Data(part))
    }

    /// Both ends are done and nobody wants what is left.
    pub(super) fn is_over(&self) -> bool {
        self.released.is_some() && (self.dead || self.sending == Sending::Finished && self.remote_finished)
    }
}
