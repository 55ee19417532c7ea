//! The pure queue of log lines: bounds, batches, order, and honest gaps. No clock: the caller says what time it is.
//!
//! Lines of one source stay in order. A batch stays the same until it is acknowledged, so a reconnect repeats it rather
//! than losing it. When the queue is full, lines are counted and a marker with that count takes their place.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proto::agent::{BatchCreateLogsRequest, Log, LogLevel};
use proto::id::LogSourceId;
use proto::wkt::Timestamp;

/// Most bytes that wait here, and most bytes of one batch: the server keeps no more than this per daemon anyway.
pub const MAX_BYTES: usize = 1024 * 1024;
/// What a line counts in addition to its text (time and level on the wire).
const LINE_OVERHEAD: usize = 21;
/// A line waits at most this long for company.
pub const MAX_AGE: Duration = Duration::from_secs(1);
/// Room kept for gap markers, so that a full queue can still say that it is full.
const MARKER_ROOM: usize = 256;

/// What to do next.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Wait for a change.
    Nothing,
    /// Ask again at this time, or after a change.
    At(Duration),
    /// Send this, then say [`LogQueue::sent`].
    Batch(BatchCreateLogsRequest),
}

#[derive(Debug, Default)]
struct Source {
    lines: VecDeque<Log>,
    oldest: Duration,
    dropped: u64,
}

impl Source {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0
    }

    fn close_gap(&mut self, at: Timestamp) -> usize {
        if self.dropped == 0 {
            return 0;
        }
        let marker = gap_marker(std::mem::take(&mut self.dropped), at);
        let size = size(&marker);
        self.lines.push_back(marker);
        size
    }
}

fn size(line: &Log) -> usize {
    line.output.len() + LINE_OVERHEAD
}

fn gap_marker(dropped: u64, at: Timestamp) -> Log {
    let output = format!("[{dropped} log lines are missing here: they came faster than the server took them]");
    Log { created_at: Some(at), output, level: LogLevel::Warn.into() }
}

/// See the module.
#[derive(Debug, Default)]
pub struct LogQueue {
    sources: BTreeMap<LogSourceId, Source>,
    /// Bytes in `sources` and in `batch`.
    bytes: usize,
    batch: Option<BatchCreateLogsRequest>,
    urgent: bool,
    closed: bool,
}

impl LogQueue {
    /// Adds a line, or counts it as missing when there is no room. Nothing is kept once the server is full.
    pub fn push(&mut self, source: LogSourceId, level: LogLevel, output: String, at: Timestamp, now: Duration) {
        if self.closed {
            return;
        }
        let line = Log { created_at: Some(at), output, level: level.into() };
        let queue = self.sources.entry(source).or_default();
        if queue.is_empty() {
            queue.oldest = now;
        }
        if self.bytes + size(&line) + MARKER_ROOM > MAX_BYTES {
            queue.dropped += 1;
            return;
        }
        self.bytes += queue.close_gap(at);
        self.bytes += size(&line);
        queue.lines.push_back(line);
    }

    /// What is queued now need not get old.
    pub fn flush(&mut self) {
        self.urgent = self.sources.values().any(|source| !source.is_empty());
    }

    /// Nothing waits, or nothing will ever be sent.
    pub fn is_settled(&self) -> bool {
        self.closed || (self.batch.is_none() && self.sources.is_empty())
    }

    /// What to do at this time.
    pub fn next(&mut self, now: Duration) -> Next {
        if self.closed {
            return Next::Nothing;
        }
        if let Some(batch) = &self.batch {
            return Next::Batch(batch.clone());
        }
        let Some((id, oldest)) =
            self.sources.iter().map(|(id, source)| (*id, source.oldest)).min_by_key(|(_, age)| *age)
        else {
            self.urgent = false;
            return Next::Nothing;
        };
        // A queue that is half full is sent at once: waiting would only make a gap more likely.
        let due = oldest + MAX_AGE;
        if now < due && !self.urgent && self.bytes < MAX_BYTES / 2 {
            return Next::At(due);
        }
        let batch = self.take_batch(id);
        self.batch = Some(batch.clone());
        Next::Batch(batch)
    }

    fn take_batch(&mut self, id: LogSourceId) -> BatchCreateLogsRequest {
        let mut logs = Vec::new();
        if let Some(source) = self.sources.get_mut(&id) {
            // The marker's time is that of the last line before the gap.
            let last = source.lines.back().and_then(|line| line.created_at).unwrap_or_default();
            self.bytes += source.close_gap(last);
            // The whole queue is never larger than a batch may be.
            logs = source.lines.drain(..).collect();
        }
        self.sources.remove(&id);
        BatchCreateLogsRequest { log_source_id: id.to_wire(), logs }
    }

    /// The batch that [`LogQueue::next`] gave was taken; `limit_exceeded` means that no further one ever will be.
    pub fn sent(&mut self, limit_exceeded: bool) {
        if let Some(batch) = self.batch.take() {
            let sent: usize = batch.logs.iter().map(size).sum();
            self.bytes = self.bytes.saturating_sub(sent);
        }
        if limit_exceeded {
            *self = Self { closed: true, ..Self::default() };
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
