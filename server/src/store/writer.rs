//! The writer thread: takes the closures that wait, runs them in one transaction, commits, then acknowledges each.
//!
//! One `fsync` pays for a whole batch. Each closure has a savepoint, so that one that fails undoes only itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Result, StoreError};

/// Most closures in one transaction: bounds how long the first of them waits for its acknowledgement.
const BATCH: usize = 128;
/// Closures that may wait; a caller beyond this waits for a place.
const QUEUE: usize = 1024;

#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Pending>>,
}

/// A closure that waits, and whoever waits for it.
trait Pending: Send {
    /// Runs the closure; whether its changes shall stay.
    fn work(&mut self, db: &Connection) -> bool;
    /// Tells the caller; `failed` when the common transaction did not commit.
    fn acknowledge(self: Box<Self>, failed: Option<StoreError>);
}

struct Call<T, F> {
    work: Option<F>,
    result: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Connection) -> Result<T> + Send> Pending for Call<T, F> {
    fn work(&mut self, db: &Connection) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = catch_unwind(AssertUnwindSafe(|| work(db))).unwrap_or(Err(StoreError::Abandoned));
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn acknowledge(mut self: Box<Self>, failed: Option<StoreError>) {
        let result = match (self.result.take(), failed) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failed)) => Err(failed),
            (Some(done), None) => done,
            (None, None) => Err(StoreError::Abandoned),
        };
        // A caller that went away does not undo what was written.
        let _ = self.caller.send(result);
    }
}

impl Writer {
    pub(super) fn start(db: Connection) -> std::io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        std::thread::Builder::new().name("store-writer".into()).spawn(move || run(&db, waiting))?;
        Ok(Self { queue })
    }

    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let call = Call { work: Some(work), result: None, caller };
        self.queue.send(Box::new(call)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// Ends when the last [`Writer`] is dropped.
fn run(db: &Connection, mut waiting: mpsc::Receiver<Box<dyn Pending>>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        let failed = transaction(db, &mut batch).err();
        if let Some(error) = &failed {
            tracing::error!(%error, calls = batch.len(), "a batch of writes was not committed");
            if !db.is_autocommit() {
                let _ = db.execute_batch("ROLLBACK");
            }
        }
        for call in batch {
            call.acknowledge(failed.as_ref().map(repeat));
        }
    }
}

fn transaction(db: &Connection, batch: &mut [Box<dyn Pending>]) -> Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    for call in batch {
        db.execute_batch("SAVEPOINT one")?;
        if !call.work(db) {
            // A full disk makes SQLite drop the whole transaction; nothing is left to go back to.
            if db.is_autocommit() {
                return Err(StoreError::Full);
            }
            db.execute_batch("ROLLBACK TO one")?;
        }
        db.execute_batch("RELEASE one")?;
    }
    db.execute_batch("COMMIT")?;
    Ok(())
}

/// One failure for each caller of a batch.
fn repeat(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        _ => StoreError::Abandoned,
    }
}
