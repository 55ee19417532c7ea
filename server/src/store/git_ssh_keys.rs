//! Table `git_ssh_keys`: the key with which workspaces of a user fetch and push code.

use proto::id::UserId;
use proto::rest::Time;

use super::{Column as _, Db, OptionalExtension as _, Result, StoreError, now, params};

/// A key pair in OpenSSH text forms.
#[derive(Clone)]
pub struct GitSshKey {
    pub private_key: String,
    pub public_key: String,
}

/// A key pair as it is kept.
#[derive(Clone)]
pub struct StoredKey {
    pub key: GitSshKey,
    pub created_at: Time,
    pub updated_at: Time,
}

/// The user's key, if there is one.
///
/// # Errors
/// The store's.
pub fn get(db: &Db, user: UserId) -> Result<Option<StoredKey>> {
    let mut find = db.prepare_cached("SELECT * FROM git_ssh_keys WHERE user_id = ?1")?;
    let found = find.query_row([user.to_string()], |row| {
        Ok(|| -> Result<StoredKey> {
            let key = GitSshKey { private_key: row.text("private_key")?, public_key: row.text("public_key")? };
            Ok(StoredKey { key, created_at: row.time("created_at")?, updated_at: row.time("updated_at")? })
        }())
    });
    found.optional()?.transpose()
}

/// Keeps a key that the caller made, unless another came first; returns the one that is kept.
///
/// # Errors
/// The store's.
pub fn keep(db: &Db, user: UserId, fresh: &GitSshKey) -> Result<StoredKey> {
    write(db, "ON CONFLICT DO NOTHING", user, fresh)
}

/// Puts a new key in the place of the old one.
///
/// # Errors
/// The store's.
pub fn replace(db: &Db, user: UserId, fresh: &GitSshKey) -> Result<StoredKey> {
    let on_conflict = "ON CONFLICT DO UPDATE SET private_key = excluded.private_key, public_key = excluded.public_key,
         updated_at = excluded.updated_at";
    write(db, on_conflict, user, fresh)
}

fn write(db: &Db, on_conflict: &str, user: UserId, fresh: &GitSshKey) -> Result<StoredKey> {
    db.prepare_cached(&format!(
        "INSERT INTO git_ssh_keys (user_id, private_key, public_key, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?4) {on_conflict}"
    ))?
    .execute(params![user.to_string(), fresh.private_key, fresh.public_key, now().unix_micros()])?;
    get(db, user)?.ok_or(StoreError::NotFound)
}
