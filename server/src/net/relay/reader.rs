//! Reads a client's frames and hands them to their receivers' queues, run by run.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use proto::derp::{Frame, GoneReason};
use proto::key::NodePublic;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Relay;
use super::client::Client;
use super::limiter::Limiter;
use super::scan::{ScanError, Scanned, readdress, scan};
use super::table::Route;

/// What an idle client's buffer takes.
const SMALL: usize = 2 * 1024;
/// What a busy client's buffer grows to: one read fills it, one lock and one copy pass it on. Holds the longest frame.
const LARGE: usize = 128 * 1024;
/// After this time without a byte a large buffer is given back.
const IDLE: Duration = Duration::from_secs(1);
/// Most frames of one run: the lock of the receiver is held while they are copied.
const MAX_RUN: usize = 64;

/// Reads until the connection ends (`Ok`) or breaks the protocol.
pub(super) async fn run(
    relay: &Relay,
    client: &Arc<Client>,
    reader: &mut (impl AsyncRead + Unpin),
    mut buffer: BytesMut,
) -> Result<(), ScanError> {
    let mut forwarding = Forwarding::new(relay, client);
    let mut skip = 0;
    let mut is_busy = false;
    loop {
        let need = forwarding.forward(&mut buffer, &mut skip)?;
        let wanted = need.max(if is_busy { LARGE } else { SMALL });
        buffer.reserve(wanted.saturating_sub(buffer.len()));
        let read = if is_busy {
            let Ok(read) = tokio::time::timeout(IDLE, reader.read_buf(&mut buffer)).await else {
                is_busy = false;
                buffer = BytesMut::from(&buffer[..]);
                continue;
            };
            read
        } else {
            reader.read_buf(&mut buffer).await
        };
        match read {
            // The read took most of what there was room for: more is waiting.
            Ok(count @ 1..) => is_busy |= count >= SMALL / 2,
            Ok(0) | Err(_) => return Ok(()),
        }
    }
}

struct Forwarding<'a> {
    relay: &'a Relay,
    client: &'a Arc<Client>,
    /// Routes used since the table last changed.
    routes: HashMap<NodePublic, Arc<Client>>,
    generation: u64,
    not_here: Limiter,
}

/// Frames one behind the other for one receiver.
#[derive(Default)]
struct Run {
    to: Option<(NodePublic, bool)>,
    lengths: Vec<usize>,
    start: usize,
    end: usize,
}

impl<'a> Forwarding<'a> {
    fn new(relay: &'a Relay, client: &'a Arc<Client>) -> Self {
        let not_here = Limiter::new(3, Duration::from_secs(1), Instant::now());
        Self { relay, client, routes: HashMap::new(), generation: u64::MAX, not_here }
    }

    /// Forwards all whole frames and removes them. Returns how many bytes the next frame needs.
    fn forward(&mut self, buffer: &mut BytesMut, skip: &mut usize) -> Result<usize, ScanError> {
        self.notice_changes();
        let mut run = Run::default();
        let mut offset = 0;
        let need = loop {
            if *skip > 0 {
                let skipped = (*skip).min(buffer.len() - offset);
                *skip -= skipped;
                offset += skipped;
                if *skip > 0 {
                    break 0;
                }
            }
            match scan(&buffer[offset..])? {
                Scanned::Need(need) => break need,
                Scanned::Packet { to, length, is_disco } => {
                    readdress(&mut buffer[offset..offset + length], self.client.key);
                    if run.to != Some((to, is_disco)) || run.end != offset || run.lengths.len() >= MAX_RUN {
                        self.hand_over(&mut run, buffer);
                        run = Run { to: Some((to, is_disco)), start: offset, end: offset, lengths: run.lengths };
                    }
                    run.lengths.push(length);
                    run.end += length;
                    offset += length;
                }
                Scanned::Ping { echo, length } => {
                    // What came before the ping is passed on before the pong.
                    self.hand_over(&mut run, buffer);
                    run.to = None;
                    self.client.push_notice(&Frame::Pong(echo));
                    offset += length;
                }
                Scanned::Preferred { is_home, length } => {
                    tracing::trace!(client = ?self.client.key, is_home, "a relay client notes its home");
                    offset += length;
                }
                Scanned::Skip { length } => *skip = length,
            }
        };
        self.hand_over(&mut run, buffer);
        if offset == buffer.len() {
            buffer.clear();
        } else {
            bytes::Buf::advance(buffer, offset);
        }
        Ok(need)
    }

    fn hand_over(&mut self, run: &mut Run, buffer: &[u8]) {
        let lengths = std::mem::take(&mut run.lengths);
        let Some((to, is_disco)) = run.to else {
            run.lengths = lengths;
            return;
        };
        let count = lengths.len() as u64;
        let counters = &self.relay.counters;
        match self.route(to, is_disco) {
            Some(receiver) => {
                let dropped = receiver.push_packets(&buffer[run.start..run.end], &lengths, is_disco);
                counters.forwarded.fetch_add(count, Ordering::Relaxed);
                if dropped > 0 {
                    counters.dropped.fetch_add(dropped, Ordering::Relaxed);
                }
            }
            None => {
                counters.dropped.fetch_add(count, Ordering::Relaxed);
            }
        }
        run.lengths = lengths;
        run.lengths.clear();
    }

    fn route(&mut self, to: NodePublic, is_disco: bool) -> Option<&Arc<Client>> {
        if !self.routes.contains_key(&to) {
            let route = self.relay.table.read().unwrap_or_else(PoisonError::into_inner).route(to);
            match route {
                Route::To(receiver) => {
                    self.client.note_receiver(to);
                    self.routes.insert(to, receiver);
                }
                Route::Fight => return None,
                Route::NotHere => {
                    if is_disco && self.not_here.allow(Instant::now()) {
                        self.client.tell_gone(to, GoneReason::NotHere);
                    }
                    return None;
                }
            }
        }
        self.routes.get(&to)
    }

    fn notice_changes(&mut self) {
        if self.client.is_duplicate() {
            let mut table = self.relay.table.write().unwrap_or_else(PoisonError::into_inner);
            if table.wrote(self.client.key, self.client.id) {
                self.relay.generation.fetch_add(1, Ordering::Release);
            }
        }
        let generation = self.relay.generation.load(Ordering::Acquire);
        if generation != self.generation {
            self.generation = generation;
            self.routes.clear();
        }
    }
}
