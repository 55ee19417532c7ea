//! Opening the database file, and saying in a plain sentence why it cannot be opened. Nothing is repaired or replaced.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::backup;

/// Why the store cannot be used. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not a database, or pages of it are broken.
    #[error("the database is damaged: {what}. Nothing was changed. {advice}")]
    Damaged {
        /// What was found.
        what: String,
        /// What a person can do, with the place of the copy.
        advice: String,
    },
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
    #[error("the database could not be brought to schema {version} ({source}); it still has the one before. {advice}")]
    Migration {
        /// Where it should have led.
        version: u32,
        /// Why.
        source: rusqlite::Error,
        /// What a person can do.
        advice: String,
    },
    /// The folder or file may not be written.
    #[error("the database in {} cannot be written: check the owner and the permissions of the folder", .0.display())]
    ReadOnly(PathBuf),
    /// No space.
    #[error("the disk with the data folder is full; free some space and start again")]
    Full,
    /// Everything else.
    #[error("the database cannot be opened: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// No thread for the writer.
    #[error("the database's writer cannot be started")]
    Thread(#[source] std::io::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::NotADatabase | Code::DatabaseCorrupt) => {
                Self::Damaged { what: error.to_string(), advice: String::new() }
            }
            Some(Code::DiskFull) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}

impl OpenError {
    /// Says what can be done, where damage is the cause.
    fn advised(self, file: &Path) -> Self {
        let advice = backup::advice(file);
        match self {
            Self::Damaged { what, .. } => Self::Damaged { what, advice },
            Self::Migration { version, source, .. } => Self::Migration { version, source, advice },
            // A statement that every good database knows failed: its schema is broken.
            Self::Sqlite(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) => {
                Self::Damaged { what: error.to_string(), advice }
            }
            other => other,
        }
    }
}

/// The one connection that writes: makes the file when it is absent in a folder that was never used.
pub(super) fn writer(file: &Path) -> Result<Connection, OpenError> {
    look(file).and_then(|()| open(file)).map_err(|error| error.advised(file))
}

/// An absent or empty file is a fresh one only where no deployment ever was. Touches nothing.
fn look(file: &Path) -> Result<(), OpenError> {
    if backup::marked(file).is_none() {
        return Ok(());
    }
    let mut head = Vec::new();
    if let Ok(opened) = std::fs::File::open(file) {
        // Whoever may not read it hears so at the opening.
        let _ = opened.take(20).read_to_end(&mut head);
    }
    if head.is_empty() {
        let what = "it is empty or missing, though this folder was used before".to_owned();
        return Err(OpenError::Damaged { what, advice: String::new() });
    }
    // Bytes 18 and 19 tell the journal: a database that has no log yet, as a restored copy, would be changed by opening it
    // for writing, so that it is looked at before.
    if head.get(18..) != Some(&[2, 2]) {
        check_deployment(&reader(file)?, file)?;
    }
    Ok(())
}

/// A folder that was used before takes only the database of its deployment: never a fresh one, whose first visitor would
/// become its owner.
fn check_deployment(db: &Connection, file: &Path) -> Result<(), OpenError> {
    let Some(deployment) = backup::marked(file) else { return Ok(()) };
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = "SELECT count(*) FROM settings WHERE key = 'deployment_id' AND value = ?1";
    let known: i64 = if version == 0 { 0 } else { db.query_row(known, [&deployment], |row| row.get(0))? };
    if known == 1 {
        return Ok(());
    }
    let what = format!("it is not that of the deployment {deployment}, which uses this folder");
    Err(OpenError::Damaged { what, advice: String::new() })
}

fn open(file: &Path) -> Result<Connection, OpenError> {
    let place = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => OpenError::ReadOnly(file.to_owned()),
        _ => OpenError::from(error),
    };
    let mut db = Connection::open(file).map_err(place)?;
    configure(&db).map_err(place)?;
    // A file that turns out to be damaged stays as it was found, its log beside it.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(place)?;
    if mode != "wal" {
        return Err(OpenError::ReadOnly(file.to_owned()));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    let check: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(OpenError::Damaged { what: check, advice: String::new() });
    }
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    check_deployment(&db, file)?;
    if (1..super::SCHEMA_VERSION).contains(&version) {
        let copy = file.with_extension(format!("schema-{version}.db"));
        if let Err(error) = backup::copy_to(file, &copy) {
            tracing::warn!(%error, "no copy of the database was made before its schema changes");
        }
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
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
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
