//! The SQLite file: one thread that writes in batches, a few connections that read. SQL lives in the files below, one
//! per table; nobody else writes SQL.
//!
//! How to read: `store.read(|db| workspaces::by_id(db, id)).await?`. How to write: `store.write(move |db| …).await?`; the
//! closure runs inside a transaction that it shares with others that came at the same time, has a savepoint of its own
//! (an error undoes its own changes only), and the call returns after the commit: what was acknowledged survives a kill.
//! Closures must not wait for anything. A table's functions take a [`Db`] and return [`Result`].

pub mod agent_connections;
pub mod agent_logs;
pub mod agent_metadata;
pub mod agent_presence;
pub mod agent_stats;
pub mod agents;
pub mod backup;
pub mod builds;
pub mod daemons;
pub mod git_ssh_keys;
pub mod jobs;
pub mod keys;
mod migrate;
pub mod net_keys;
mod open;
pub mod organizations;
pub mod resources;
pub mod schedules;
pub mod script_timings;

pub mod settings;
pub mod sub_agents;
pub mod templates;
pub mod users;
mod value;
pub mod workspace_view;
pub mod workspaces;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

pub use migrate::SCHEMA_VERSION;
pub use open::OpenError;
pub use rusqlite::{Connection as Db, OptionalExtension, Row, named_params, params};
pub use value::{Column, micros, now};

/// Readers: enough for two cores, few enough for an idle server's memory.
const READERS: usize = 4;

/// Why a read or a write failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The row is not there.
    #[error("there is no such row")]
    NotFound,
    /// A rule of the caller forbids it; the text is for people.
    #[error("{0}")]
    Conflict(String),
    /// A value that must be unique is taken.
    #[error("a row with this value is already there")]
    Taken(#[source] rusqlite::Error),
    /// No space left.
    #[error("the disk with the data folder is full; nothing was written")]
    Full,
    /// The writer is gone because the server stops.
    #[error("the store is closed")]
    Closed,
    /// A closure panicked; its changes were undone.
    #[error("a write was abandoned half way and undone")]
    Abandoned,
    /// SQLite said no.
    #[error("the database did not accept the statement")]
    Sqlite(#[source] rusqlite::Error),
    /// A row holds what this version cannot read.
    #[error("a row holds a value of an unknown form: {0}")]
    Value(&'static str),
}

/// Result of everything in the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{ConstraintViolation, DiskFull};
        match &error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            rusqlite::Error::SqliteFailure(code, _) if code.code == DiskFull => Self::Full,
            // 2067 and 1555: UNIQUE and PRIMARY KEY.
            rusqlite::Error::SqliteFailure(code, _)
                if code.code == ConstraintViolation && matches!(code.extended_code, 2067 | 1555) =>
            {
                Self::Taken(error)
            }
            _ => Self::Sqlite(error),
        }
    }
}

/// Handle of the store; clones share it.
#[derive(Clone)]
pub struct Store {
    writer: writer::Writer,
    readers: Arc<Readers>,
}

struct Readers {
    idle: Mutex<Vec<Db>>,
    free: tokio::sync::Semaphore,
}

impl Store {
    /// Opens or makes the database in `file`, checks it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`], a sentence for people. Nothing is overwritten.
    pub fn open(file: &Path) -> Result<Self, OpenError> {
        let write = open::writer(file)?;
        let readers = (0..READERS).map(|_| open::reader(file)).collect::<Result<Vec<_>, _>>()?;
        let readers = Readers { idle: Mutex::new(readers), free: tokio::sync::Semaphore::new(READERS) };
        let writer = writer::Writer::start(write).map_err(OpenError::Thread)?;
        Ok(Self { writer, readers: Arc::new(readers) })
    }

    /// Runs `work` in the writer's transaction and returns after the commit.
    ///
    /// # Errors
    /// What `work` returned, or why the commit failed.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T> + Send + 'static,
    {
        self.writer.run(work).await
    }

    /// Runs `work` on a snapshot of the database.
    ///
    /// # Errors
    /// What `work` returned.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Db) -> Result<T> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let _turn = self.readers.free.acquire().await.map_err(|_| StoreError::Closed)?;
        let done = tokio::task::spawn_blocking(move || {
            let db = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or(StoreError::Closed)?;
            let snapshot = db.unchecked_transaction().map_err(StoreError::from);
            let result = snapshot.and_then(|_rolled_back_when_dropped| work(&db));
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            result
        });
        done.await.map_err(|_| StoreError::Abandoned)?
    }
}
