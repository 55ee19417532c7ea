//! Table `users`: accounts, their passwords' hashes and memberships.

use proto::id::{OrganizationId, UserId};
use proto::rest::Time;
use proto::rest::user::{LoginType, Role, User, UserStatus};
use rusqlite::{Row, params};

use super::{Column as _, Db, Result, StoreError};

/// An account to be made.
pub struct NewUser {
    pub id: UserId,
    pub username: String,
    pub email: String,
    pub name: String,
    /// Argon2id, PHC form.
    pub password_hash: String,
    pub login_type: LoginType,
    pub is_owner: bool,
}

/// How many accounts there are.
///
/// # Errors
/// The store's.
pub fn count(db: &Db) -> Result<i64> {
    Ok(db.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?)
}

/// By id, or by username.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn find(db: &Db, word: &str) -> Result<User> {
    let mut find = db.prepare_cached(
        "SELECT * FROM users WHERE (id = lower(?1) OR username = ?1) AND deleted = 0 ORDER BY id = lower(?1) DESC LIMIT 1",
    )?;
    let user = find.query_row([word], |row| Ok(read(row)))??;
    with_organizations(db, user)
}

/// All accounts that contain `search` in a name.
///
/// # Errors
/// The store's.
pub fn list(db: &Db, search: &str) -> Result<Vec<User>> {
    let mut find = db.prepare_cached(
        "SELECT * FROM users
         WHERE deleted = 0 AND (?1 = '' OR instr(lower(username), lower(?1)) OR instr(lower(email), lower(?1)))
         ORDER BY lower(username)",
    )?;
    let users = find.query_map([search], |row| Ok(read(row)))?.map(|row| row?).collect::<Result<Vec<_>>>()?;
    users.into_iter().map(|user| with_organizations(db, user)).collect()
}

/// An account's hash for a sign-in with its address.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn password_hash(db: &Db, email: &str) -> Result<(UserId, String, UserStatus)> {
    let mut find = db.prepare_cached("SELECT id, password_hash, status FROM users WHERE email = ?1 AND deleted = 0")?;
    find.query_row([email], |row| {
        Ok(|| -> Result<_> {
            Ok((row.id("id")?, row.text("password_hash")?, UserStatus::from_word(&row.text("status")?)))
        }())
    })?
}

/// Makes an account and its membership.
///
/// # Errors
/// [`StoreError::Taken`] when the name or the address is; or the store's.
pub fn insert(db: &Db, user: &NewUser, organization: OrganizationId, now: Time) -> Result<()> {
    db.execute(
        "INSERT INTO users (id, username, email, name, password_hash, login_type, is_owner, created_at, updated_at,
                            last_seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?8)",
        params![
            user.id.to_string(),
            user.username,
            user.email,
            user.name,
            user.password_hash,
            user.login_type.as_str(),
            user.is_owner,
            now.unix_micros(),
        ],
    )?;
    db.execute(
        "INSERT INTO organization_members (organization_id, user_id, created_at) VALUES (?1, ?2, ?3)",
        params![organization.to_string(), user.id.to_string(), now.unix_micros()],
    )?;
    Ok(())
}

/// Makes the first account; checking that it is the first and making it are one step.
///
/// # Errors
/// [`StoreError::Conflict`] when there is one; or the store's.
pub fn insert_first(db: &Db, user: &NewUser, now: Time) -> Result<OrganizationId> {
    if count(db)? != 0 {
        return Err(StoreError::Conflict("The initial user has already been created.".into()));
    }
    let organization = super::organizations::find(db, "default")?.id;
    insert(db, user, organization, now)?;
    Ok(organization)
}

/// An account's hash, to check the old password before a new one.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn hash_of(db: &Db, id: UserId) -> Result<String> {
    Ok(db.query_row("SELECT password_hash FROM users WHERE id = ?1 AND deleted = 0", [id.to_string()], |row| {
        row.get(0)
    })?)
}

/// Sets a new hash and voids every session that the old password opened, in one step. Returns the ids of the void keys.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn set_password(db: &Db, id: UserId, hash: &str, kept_key: &str, now: Time) -> Result<Vec<String>> {
    let changed = db.execute(
        "UPDATE users SET password_hash = ?2, updated_at = ?3 WHERE id = ?1 AND deleted = 0",
        params![id.to_string(), hash, now.unix_micros()],
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    // The command line of this computer signs in by a file, not by the password.
    let local = super::settings::get(db, "local_key")?.unwrap_or_default();
    let mut void =
        db.prepare_cached("DELETE FROM api_keys WHERE user_id = ?1 AND id <> ?2 AND id <> ?3 RETURNING id")?;
    let keys = void.query_map(params![id.to_string(), kept_key, local], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// Suspends an account or lets it in again. A suspended one loses every key. Returns the ids of the void keys.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn set_status(db: &Db, id: UserId, status: UserStatus, now: Time) -> Result<Vec<String>> {
    let changed = db.execute(
        "UPDATE users SET status = ?2, updated_at = ?3 WHERE id = ?1 AND deleted = 0",
        params![id.to_string(), status.as_str(), now.unix_micros()],
    )?;
    match (changed, status) {
        (0, _) => Err(StoreError::NotFound),
        (_, UserStatus::Suspended) => void_keys(db, id),
        _ => Ok(Vec::new()),
    }
}

/// Deletes an account: its row stays for the past that names it, its names are free again, nothing opens it any more.
/// Returns the ids of the void keys.
///
/// # Errors
/// [`StoreError::Conflict`] while it owns workspaces; [`StoreError::NotFound`]; or the store's.
pub fn delete(db: &Db, id: UserId, impossible_hash: &str, now: Time) -> Result<Vec<String>> {
    let owns: i64 =
        db.query_row("SELECT count(*) FROM workspaces WHERE owner_id = ?1 AND deleted = 0", [id.to_string()], |row| {
            row.get(0)
        })?;
    if owns > 0 {
        return Err(StoreError::Conflict("The account still has workspaces. Delete them first.".into()));
    }
    let changed = db.execute(
        "UPDATE users SET deleted = 1, status = 'suspended', username = id, email = id || '@deleted.invalid', name = '',
                password_hash = ?2, is_owner = 0, updated_at = ?3 WHERE id = ?1 AND deleted = 0",
        params![id.to_string(), impossible_hash, now.unix_micros()],
    )?;
    if changed == 0 { Err(StoreError::NotFound) } else { void_keys(db, id) }
}

fn void_keys(db: &Db, id: UserId) -> Result<Vec<String>> {
    let mut void = db.prepare_cached("DELETE FROM api_keys WHERE user_id = ?1 RETURNING id")?;
    let keys = void.query_map([id.to_string()], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

fn with_organizations(db: &Db, mut user: User) -> Result<User> {
    let mut find = db.prepare_cached("SELECT organization_id FROM organization_members WHERE user_id = ?1")?;
    let rows = find.query_map([user.id.to_string()], |row| Ok(row.id("organization_id")))?;
    user.organization_ids = rows.map(|row| row?).collect::<Result<_>>()?;
    Ok(user)
}

fn read(row: &Row<'_>) -> Result<User> {
    let is_owner: bool = row.get("is_owner")?;
    let owner = || Role { name: "owner".into(), display_name: "Owner".into() };
    Ok(User {
        id: row.id("id")?,
        username: row.text("username")?,
        name: row.text("name")?,
        avatar_url: row.text("avatar_url")?,
        email: row.text("email")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        last_seen_at: row.time("last_seen_at")?,
        status: UserStatus::from_word(&row.text("status")?),
        login_type: LoginType::from_word(&row.text("login_type")?),
        organization_ids: Vec::new(),
        roles: is_owner.then(owner).into_iter().collect(),
    })
}
