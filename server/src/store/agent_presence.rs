//! What workspace daemons report about themselves, in table `agents`: connection times, life, version, app health.

use proto::id::{AgentId, AppId};
use proto::rest::Time;
use proto::rest::agent::AgentLifecycle;
use proto::rest::app::AppHealth;

use super::{Db, Result, StoreError, params};

/// The daemon connected now, speaking this API version.
///
/// # Errors
/// The store's.
pub fn connected(db: &Db, agent: AgentId, api_version: &str, now: Time) -> Result<()> {
    db.prepare_cached(
        "UPDATE agents SET first_connected_at = coalesce(first_connected_at, ?2), last_connected_at = ?2,
         disconnected_at = NULL, api_version = ?3, updated_at = ?2 WHERE id = ?1",
    )?
    .execute(params![agent.to_string(), now.unix_micros(), api_version])?;
    Ok(())
}

/// The daemon is still connected. Whether its token is still good.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn seen(db: &Db, agent: AgentId, now: Time) -> Result<bool> {
    let mut update =
        db.prepare_cached("UPDATE agents SET last_connected_at = ?2 WHERE id = ?1 RETURNING retired = 0")?;
    Ok(update.query_row(params![agent.to_string(), now.unix_micros()], |row| row.get(0))?)
}

/// The daemon's connection ended.
///
/// # Errors
/// The store's.
pub fn disconnected(db: &Db, agent: AgentId, now: Time) -> Result<()> {
    db.prepare_cached("UPDATE agents SET last_connected_at = ?2, disconnected_at = ?2 WHERE id = ?1")?
        .execute(params![agent.to_string(), now.unix_micros()])?;
    Ok(())
}

/// The daemon moved on in its life (spec `agent-rpc.md` 6.1).
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn set_lifecycle(db: &Db, agent: AgentId, state: AgentLifecycle, changed_at: Time) -> Result<()> {
    use AgentLifecycle::{Ready, StartError, StartTimeout, Starting};
    let sql = match state {
        Starting => "UPDATE agents SET lifecycle_state = ?2, started_at = ?3, ready_at = NULL WHERE id = ?1",
        Ready | StartTimeout | StartError => {
            "UPDATE agents SET lifecycle_state = ?2, started_at = coalesce(started_at, ?3), ready_at = ?3 WHERE id = ?1"
        }
        _ => "UPDATE agents SET lifecycle_state = ?2, updated_at = max(updated_at, ?3) WHERE id = ?1",
    };
    let changed =
        db.prepare_cached(sql)?.execute(params![agent.to_string(), state.as_str(), changed_at.unix_micros()])?;
    if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

/// What the daemon says of itself at its start.
///
/// # Errors
/// The store's.
pub fn set_startup(db: &Db, agent: AgentId, version: &str, directory: &str, subsystems: &[&str]) -> Result<()> {
    let subsystems = serde_json::to_string(subsystems).map_err(|_| StoreError::Value("subsystems"))?;
    db.prepare_cached("UPDATE agents SET version = ?2, expanded_directory = ?3, subsystems = ?4 WHERE id = ?1")?
        .execute(params![agent.to_string(), version, directory, subsystems])?;
    Ok(())
}

/// Health of one of the daemon's own apps.
///
/// # Errors
/// [`StoreError::NotFound`] when the app is not the daemon's, or the store's.
pub fn set_app_health(db: &Db, agent: AgentId, app: AppId, health: AppHealth) -> Result<()> {
    let changed = db
        .prepare_cached("UPDATE apps SET health = ?3 WHERE id = ?1 AND agent_id = ?2")?
        .execute(params![app.to_string(), agent.to_string(), health.as_str()])?;
    if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

/// What an app says it is doing. `state` is one of the wire's words.
///
/// # Errors
/// [`StoreError::NotFound`] when the daemon has no such app, or the store's.
pub fn add_app_status(
    db: &Db,
    agent: AgentId,
    slug: &str,
    state: &str,
    message: &str,
    uri: &str,
    now: Time,
) -> Result<()> {
    let added = db
        .prepare_cached(
            "INSERT INTO app_statuses (app_id, state, message, uri, created_at)
             SELECT id, ?3, ?4, ?5, ?6 FROM apps WHERE agent_id = ?1 AND slug = ?2",
        )?
        .execute(params![agent.to_string(), slug, state, message, uri, now.unix_micros()])?;
    if added == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

/// The file that the daemon shows at a login.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn motd_file(db: &Db, agent: AgentId) -> Result<String> {
    let mut find = db.prepare_cached("SELECT motd_file FROM agents WHERE id = ?1")?;
    Ok(find.query_row([agent.to_string()], |row| row.get(0))?)
}
