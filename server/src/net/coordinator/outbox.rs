//! What waits to be sent to one session: a bounded queue, batches of bounded size, and the end.
//!
//! Not here: why something is said ([`super::state`]).

use std::collections::VecDeque;

use prost::Message as _;
use proto::tailnet::{CoordinateResponse, MAX_PEER_UPDATES, PeerUpdate};

/// Most responses that wait for one peer. A peer that lets more pile up does not read: it is dropped (spec `tailnet.md` 5.1).
pub const MAX_RESPONSES: usize = 512;
/// Most bytes of updates in one response: half of the longest DRPC packet (4 MiB).
pub const MAX_BATCH_BYTES: usize = 2 * 1024 * 1024;

/// The next thing to do for a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send this.
    Send(CoordinateResponse),
    /// Close the stream; nothing comes after.
    End,
}

/// The queue was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<CoordinateResponse>,
    is_ended: bool,
    is_aborted: bool,
}

impl Outbox {
    pub(super) fn push(&mut self, response: CoordinateResponse) -> Result<(), Full> {
        if self.is_ended {
            return Ok(());
        }
        if self.queue.len() >= MAX_RESPONSES {
            return Err(Full);
        }
        self.queue.push_back(response);
        Ok(())
    }

    /// Queues updates in as few responses as the caps allow.
    pub(super) fn push_updates(&mut self, updates: Vec<PeerUpdate>) -> Result<(), Full> {
        let mut batch = CoordinateResponse::default();
        let mut bytes = 0;
        for update in updates {
            let length = update.encoded_len();
            if batch.peer_updates.len() >= MAX_PEER_UPDATES || bytes + length > MAX_BATCH_BYTES {
                self.push(std::mem::take(&mut batch))?;
                bytes = 0;
            }
            bytes += length;
            batch.peer_updates.push(update);
        }
        if batch.peer_updates.is_empty() { Ok(()) } else { self.push(batch) }
    }

    /// Nothing is accepted any more; what waits is still sent.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    /// Throws away what waits, says why, and ends.
    pub(super) fn abort(&mut self, error: &str) {
        self.queue.clear();
        self.queue.push_back(CoordinateResponse { error: error.to_owned(), ..Default::default() });
        self.is_ended = true;
        self.is_aborted = true;
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        match self.queue.pop_front() {
            Some(response) => Some(Output::Send(response)),
            None => self.is_ended.then_some(Output::End),
        }
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.is_aborted
    }
}
