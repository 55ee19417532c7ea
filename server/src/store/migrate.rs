//! Schema versions. Each migration and its version number are one transaction: a kill leaves the old or the new schema.

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;

/// In order; the position is the version that a migration leads to. Landed files are never edited, only added to.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_core.sql"),
    include_str!("migrations/0002_daemons.sql"),
    include_str!("migrations/0003_attempts.sql"),
    include_str!("migrations/0004_bound_keys.sql"),
];

/// The schema this version works with.
#[allow(clippy::cast_possible_truncation)]
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// Brings the schema up to date.
pub(super) fn run(db: &mut Connection) -> Result<(), OpenError> {
    run_watched(db, MIGRATIONS, |_| {})
}

/// As [`run`]; tells how many statements were run before each statement and before each commit.
fn run_watched(db: &mut Connection, migrations: &[&str], mut watch: impl FnMut(usize)) -> Result<(), OpenError> {
    let mut statements = 0;
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(OpenError::from)?;
    if found > SCHEMA_VERSION {
        return Err(OpenError::Newer { found, known: SCHEMA_VERSION });
    }
    for (version, sql) in (1_u32..).zip(migrations).filter(|(version, _)| *version > found) {
        let mut step = |db: &mut Connection| -> rusqlite::Result<()> {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut batch = rusqlite::Batch::new(&transaction, sql);
            while let Some(mut statement) = batch.next()? {
                watch(statements);
                statement.execute([])?;
                statements += 1;
            }
            watch(statements);
            transaction.pragma_update(None, "user_version", version)?;
            statements += 1;
            watch(statements);
            transaction.commit()?;
            statements += 1;
            Ok(())
        };
        step(db).map_err(|source| OpenError::Migration { version, source, advice: String::new() })?;
        watch(statements);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
