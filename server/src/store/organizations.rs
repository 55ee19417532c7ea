//! Table `organizations`. There is one, which is the default.

use proto::id::OrganizationId;
use proto::rest::Time;
use proto::rest::organization::Organization;
use rusqlite::{Row, params};

use super::{Column as _, Db, Result};

/// All organizations.
///
/// # Errors
/// The store's.
pub fn all(db: &Db) -> Result<Vec<Organization>> {
    let mut find = db.prepare_cached("SELECT * FROM organizations ORDER BY is_default DESC, name")?;
    find.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
}

/// By id, by name, or `default`.
///
/// # Errors
/// [`super::StoreError::NotFound`], or the store's.
pub fn find(db: &Db, word: &str) -> Result<Organization> {
    let mut find = db.prepare_cached(
        "SELECT * FROM organizations WHERE id = ?1 OR name = ?1 OR (?1 = 'default' AND is_default = 1)
         ORDER BY id = ?1 DESC, name = ?1 DESC LIMIT 1",
    )?;
    find.query_row([word], |row| Ok(read(row)))?
}

/// Makes the default organization.
///
/// # Errors
/// The store's.
pub fn insert_default(db: &Db, id: OrganizationId, now: Time) -> Result<()> {
    db.execute(
        "INSERT INTO organizations (id, name, display_name, description, is_default, created_at, updated_at)
         VALUES (?1, 'default', 'Default', 'Everyone on this deployment.', 1, ?2, ?2)",
        params![id.to_string(), now.unix_micros()],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Organization> {
    Ok(Organization {
        id: row.id("id")?,
        name: row.text("name")?,
        display_name: row.text("display_name")?,
        description: row.text("description")?,
        icon: row.text("icon")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        is_default: row.get("is_default")?,
    })
}
