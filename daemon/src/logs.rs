//! Log lines on their way to the server: the queue that every producer writes to, and the task that empties it over one
//! connection. Not for the daemon's own log file (see `own_log`).
//!
//! ```text
//!  script output ── lines ──► Logs::line ──► queue (1 MiB, gap marker) ── deliver ──► BatchCreateLogs
//! ```
//! Nothing ticks while the queue is empty.

pub mod lines;
pub mod queue;

use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::agent::{BatchCreateLogsResponse, LogLevel, method};
use proto::id::LogSourceId;
use proto::wkt::Timestamp;
use rpc::RpcError;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::control::call::{self, Pause};
use queue::{LogQueue, Next};

/// The queue as tasks share it.
#[derive(Debug)]
pub struct Logs {
    queue: Mutex<LogQueue>,
    changed: Notify,
    origin: Instant,
}

impl Default for Logs {
    fn default() -> Self {
        Self { queue: Mutex::default(), changed: Notify::new(), origin: Instant::now() }
    }
}

impl Logs {
    fn lock(&self) -> MutexGuard<'_, LogQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues one line.
    pub fn line(&self, source: LogSourceId, level: LogLevel, text: String, at: Timestamp) {
        self.lock().push(source, level, text, at, self.origin.elapsed());
        self.changed.notify_waiters();
    }

    /// Sends what is queued without waiting for it to get old.
    pub fn flush(&self) {
        self.lock().flush();
        self.changed.notify_waiters();
    }

    /// Resolves when nothing is queued, or nothing will be taken any more.
    pub async fn settled(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().is_settled() {
                return;
            }
            changed.await;
        }
    }

    /// Sends batches until the connection ends.
    ///
    /// # Errors
    /// Only [`RpcError::Closed`]: a refused batch is tried again after a pause.
    pub async fn deliver(&self, client: &rpc::Client) -> Result<(), RpcError> {
        let mut pause = Pause::default();
        loop {
            let changed = self.changed.notified();
            let next = self.lock().next(self.origin.elapsed());
            match next {
                Next::Nothing => changed.await,
                Next::At(due) => {
                    let due = self.origin + due;
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
                Next::Batch(batch) => {
                    let answer: Result<BatchCreateLogsResponse, _> =
                        client.unary(method::BATCH_CREATE_LOGS, &batch).await;
                    match answer {
                        Ok(answer) => {
                            pause = Pause::default();
                            self.lock().sent(answer.log_limit_exceeded);
                            if answer.log_limit_exceeded {
                                tracing::warn!("the server keeps no more logs of this workspace daemon");
                            }
                        }
                        Err(error) if call::is_unsupported(&error) => self.lock().sent(true),
                        Err(RpcError::Closed) => return Err(RpcError::Closed),
                        Err(error) => {
                            tracing::warn!(%error, "the server did not take a batch of logs");
                            tokio::time::sleep(pause.next()).await;
                        }
                    }
                    self.changed.notify_waiters();
                }
            }
        }
    }
}

#[cfg(test)]
impl Logs {
    /// The next batch, whatever its age, as if the server had taken it.
    pub fn take_batch(&self) -> Option<proto::agent::BatchCreateLogsRequest> {
        let mut queue = self.lock();
        queue.flush();
        let Next::Batch(batch) = queue.next(self.origin.elapsed()) else { return None };
        queue.sent(false);
        Some(batch)
    }
}
