//! Table `api_keys`: session keys and named tokens.

use proto::id::UserId;
use proto::rest::Time;
use proto::rest::key::{ApiKey, KeyScope};
use proto::rest::user::LoginType;
use rusqlite::{Row, params};

use super::{Column as _, Db, Result, StoreError};
use crate::access::User;
use crate::lifetime::{Bound, Life};
use crate::token::Hash;

/// A key together with the account it belongs to.
pub struct KeyOfUser {
    pub hash: Hash,
    pub user: User,
    pub last_used: Time,
    pub life: Life,
    /// The account may sign in.
    pub active: bool,
}

impl KeyOfUser {
    /// What no token opens, compared with in place of a key that is not there.
    #[must_use]
    pub fn nobody() -> Self {
        let user = User {
            id: UserId::nil(),
            username: String::new(),
            is_owner: false,
            key_id: String::new(),
            scope: KeyScope::ApplicationConnect,
            expires_at: Time::ZERO,
        };
        let life = Life { ends: Time::ZERO, lifetime: time::Duration::ZERO, is_session: false, bound: Bound::Gone };
        Self { hash: [0xff; 32], user, last_used: Time::ZERO, life, active: false }
    }
}

/// A key to be written.
pub struct NewKey {
    pub id: String,
    pub hash: Hash,
    pub user: UserId,
    pub login_type: LoginType,
    pub scope: KeyScope,
    pub token_name: String,
    pub lifetime_seconds: i64,
    pub expires_at: Time,
    /// Id of the key that this one must not outlive.
    pub bound_to: Option<String>,
}

/// The key with this id and its account.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn with_user(db: &Db, id: &str) -> Result<KeyOfUser> {
    let mut find = db.prepare_cached(
        "SELECT k.hash, k.scope, k.expires_at, k.last_used, k.login_type, k.lifetime_seconds, k.bound_to,
                other.expires_at AS other_ends, u.id, u.username, u.is_owner, u.status
         FROM api_keys k JOIN users u ON u.id = k.user_id LEFT JOIN api_keys other ON other.id = k.bound_to
         WHERE k.id = ?1",
    )?;
    find.query_row([id], |row| {
        Ok(|| -> Result<KeyOfUser> {
            let user = User {
                id: row.id("id")?,
                username: row.text("username")?,
                is_owner: row.get("is_owner")?,
                key_id: id.to_owned(),
                scope: KeyScope::from_word(&row.text("scope")?),
                expires_at: row.time("expires_at")?,
            };
            let is_bound = row.get::<_, Option<String>>("bound_to")?.is_some();
            let life = Life {
                ends: user.expires_at,
                lifetime: time::Duration::seconds(row.get("lifetime_seconds")?),
                is_session: LoginType::from_word(&row.text("login_type")?) != LoginType::Token,
                bound: match row.time_opt("other_ends")? {
                    Some(end) => Bound::Until(end),
                    None if is_bound => Bound::Gone,
                    None => Bound::Free,
                },
            };
            let (hash, last_used) = (row.get("hash")?, row.time("last_used")?);
            Ok(KeyOfUser { hash, user, last_used, life, active: row.text("status")? != "suspended" })
        }())
    })?
}

/// Notes that a key was used.
///
/// # Errors
/// The store's.
pub fn touch(db: &Db, id: &str, now: Time) -> Result<()> {
    db.execute("UPDATE api_keys SET last_used = ?2 WHERE id = ?1", params![id, now.unix_micros()])?;
    db.execute(
        "UPDATE users SET last_seen_at = ?2 WHERE id = (SELECT user_id FROM api_keys WHERE id = ?1)",
        params![id, now.unix_micros()],
    )?;
    Ok(())
}

/// Moves the end of a key that was used from `seen` to `end`; says whether it did. A key that was deleted, moved or over
/// meanwhile is left alone, and so is one whose other key no longer lasts until `end`.
///
/// # Errors
/// The store's.
pub fn extend(db: &Db, id: &str, seen: Time, end: Time, now: Time) -> Result<bool> {
    let mut extend = db.prepare_cached(
        "UPDATE api_keys SET expires_at = ?3, updated_at = ?4
         WHERE id = ?1 AND login_type <> 'token' AND expires_at = ?2 AND expires_at > ?4
               AND (bound_to IS NULL OR EXISTS
                    (SELECT 1 FROM api_keys other WHERE other.id = api_keys.bound_to AND other.expires_at >= ?3))",
    )?;
    Ok(extend.execute(params![id, seen.unix_micros(), end.unix_micros(), now.unix_micros()])? == 1)
}

/// Writes a key.
///
/// # Errors
/// [`StoreError::Taken`] when the name is; or the store's.
pub fn insert(db: &Db, key: &NewKey, now: Time) -> Result<()> {
    db.execute(
        "INSERT INTO api_keys (id, hash, user_id, login_type, scope, token_name, lifetime_seconds, last_used, expires_at,
                               created_at, updated_at, bound_to)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8, ?8, ?10)",
        params![
            key.id,
            key.hash,
            key.user.to_string(),
            key.login_type.as_str(),
            key.scope.as_str(),
            key.token_name,
            key.lifetime_seconds,
            now.unix_micros(),
            key.expires_at.unix_micros(),
            key.bound_to,
        ],
    )?;
    Ok(())
}

/// One key of a user.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn one(db: &Db, user: UserId, id_or_name: &str) -> Result<ApiKey> {
    let mut find = db.prepare_cached(&format!("{LIST} AND (k.id = ?2 OR (k.token_name = ?2 AND ?2 <> ''))"))?;
    find.query_row([user.to_string().as_str(), id_or_name], |row| Ok(read(row)))?
}

/// The named tokens of a user, newest first.
///
/// # Errors
/// The store's.
pub fn tokens(db: &Db, user: UserId) -> Result<Vec<ApiKey>> {
    let mut find = db.prepare_cached(&format!("{LIST} AND k.login_type = 'token' ORDER BY k.created_at DESC"))?;
    let rows = find.query_map([user.to_string()], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// The sessions of a user that have not expired, last used first; the newest hundred of them.
///
/// # Errors
/// The store's.
pub fn sessions(db: &Db, user: UserId, now: Time) -> Result<Vec<ApiKey>> {
    let mut find = db.prepare_cached(&format!(
        "{LIST} AND k.login_type <> 'token' AND k.expires_at > ?2 ORDER BY k.last_used DESC, k.id LIMIT 100"
    ))?;
    let rows = find.query_map(params![user.to_string(), now.unix_micros()], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// Deletes a key; its connections must be told.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn delete(db: &Db, user: UserId, id: &str) -> Result<()> {
    match db.execute("DELETE FROM api_keys WHERE id = ?1 AND user_id = ?2", [id, user.to_string().as_str()])? {
        0 => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

const LIST: &str = "SELECT k.*, u.username FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.user_id = ?1";

fn read(row: &Row<'_>) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.text("id")?,
        user_id: row.id("user_id")?,
        last_used: row.time("last_used")?,
        expires_at: row.time("expires_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        login_type: LoginType::from_word(&row.text("login_type")?),
        scope: KeyScope::from_word(&row.text("scope")?),
        token_name: row.text("token_name")?,
        lifetime_seconds: row.get("lifetime_seconds")?,
        username: row.text("username")?,
    })
}
