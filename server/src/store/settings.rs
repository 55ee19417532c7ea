//! Table `settings`: single facts about this deployment.

use rusqlite::OptionalExtension as _;

use super::{Db, Result};

/// A setting; none when it was never written.
///
/// # Errors
/// The store's.
pub fn get(db: &Db, key: &str) -> Result<Option<String>> {
    Ok(db.query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

/// Writes a setting.
///
/// # Errors
/// The store's.
pub fn set(db: &Db, key: &str, value: &str) -> Result<()> {
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )?;
    Ok(())
}
