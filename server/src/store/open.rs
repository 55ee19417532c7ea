//! Opening the database file, and saying in a plain sentence why it cannot be opened. Nothing is repaired or replaced.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// Why the store cannot be used. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not a database, or pages of it are broken.
    #[error(
        "the database is damaged: {0}. Nothing was changed. Put a backup in its place, or move it away to start anew"
    )]
    Damaged(String),
    /// A newer version wrote it.
    #[error(
        "the database has schema {found}, this version of homeport-server knows {known}. Nothing was changed. \
         Install the newer version again"
    )]
    Newer {
        /// Schema in the file.
        found: u32,
        /// Schema of this program.
        known: u32,
    },
    /// A migration failed and was undone.
    #[error("the database could not be brought to schema {version}; it still has the one before")]
    Migration {
        /// Where it should have led.
        version: u32,
        /// Why.
        source: rusqlite::Error,
    },
    /// The folder or file may not be written.
    #[error("the database in {} cannot be written: check the owner and the permissions of the folder", .0.display())]
    ReadOnly(PathBuf),
    /// No space.
    #[error("the disk with the data folder is full; free some space and start again")]
    Full,
    /// Everything else.
    #[error("the database cannot be opened")]
    Sqlite(#[source] rusqlite::Error),
    /// No thread for the writer.
    #[error("the database's writer cannot be started")]
    Thread(#[source] std::io::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::NotADatabase | Code::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            Some(Code::DiskFull) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}

/// The one connection that writes: makes the file when it is absent.
pub(super) fn writer(file: &Path) -> Result<Connection, OpenError> {
    let place = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => OpenError::ReadOnly(file.to_owned()),
        _ => OpenError::from(error),
    };
    let mut db = Connection::open(file).map_err(place)?;
    configure(&db).map_err(place)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(place)?;
    if mode != "wal" {
        return Err(OpenError::ReadOnly(file.to_owned()));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    let check: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(OpenError::Damaged(check));
    }
    match super::migrate::run(&mut db) {
        Err(OpenError::Migration { source, .. })
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly) =>
        {
            Err(OpenError::ReadOnly(file.to_owned()))
        }
        Err(OpenError::Migration { source, .. })
            if source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) =>
        {
            Err(OpenError::Full)
        }
        other => other,
    }?;
    Ok(db)
}

/// A connection that only reads.
pub(super) fn reader(file: &Path) -> Result<Connection, OpenError> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure(&db)?;
    Ok(db)
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(())
}
