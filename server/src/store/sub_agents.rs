//! Sub-daemons: daemons that a workspace daemon made inside its workspace; rows of `agents` with a parent.

use proto::id::{AgentId, AppId};
use proto::rest::Time;

use super::{Column as _, Db, Result, StoreError, params};
use crate::token::Hash;

/// Most sub-daemons of one daemon: one per container, of which a workspace has a few.
const MAX: i64 = 64;

/// A sub-daemon to be written.
#[derive(Debug, Clone)]
pub struct NewSubAgent {
    pub id: AgentId,
    pub name: String,
    pub token_hash: Hash,
    pub directory: String,
    pub architecture: String,
    pub operating_system: String,
    pub display_apps: Vec<&'static str>,
}

/// An app of a sub-daemon to be written, as far as it is stored.
#[derive(Debug, Clone, Default)]
pub struct NewApp {
    pub slug: String,
    pub display_name: String,
    pub icon: String,
    pub command: String,
    pub url: String,
    pub external: bool,
    pub subdomain: bool,
    pub sharing_level: &'static str,
    pub healthcheck: (String, i32, i32),
    pub group: String,
    pub hidden: bool,
    pub open_in: &'static str,
}

/// Writes a sub-daemon of `parent`.
///
/// # Errors
/// [`StoreError::Conflict`] when the name is taken in the workspace, the parent is a sub-daemon itself, or has too many.
pub fn create(db: &Db, parent: AgentId, new: &NewSubAgent, now: Time) -> Result<()> {
    let conflict = |text: &str| Err(StoreError::Conflict(text.into()));
    let parent = parent.to_string();
    let (is_sub, count, taken): (bool, i64, bool) = db
        .prepare_cached(
            "SELECT parent_id IS NOT NULL, (SELECT count(*) FROM agents WHERE parent_id = ?1),
             EXISTS (SELECT 1 FROM agents o WHERE o.workspace_id = a.workspace_id AND o.retired = 0 AND o.name = ?2)
             FROM agents a WHERE id = ?1",
        )?
        .query_row(params![parent, new.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if is_sub {
        return conflict("a sub-daemon cannot have sub-daemons");
    }
    if count >= MAX {
        return conflict("the workspace daemon has too many sub-daemons");
    }
    if taken {
        return conflict("a workspace daemon with this name is already in the workspace");
    }
    let display_apps = serde_json::to_string(&new.display_apps).map_err(|_| StoreError::Value("display_apps"))?;
    db.prepare_cached(
        "INSERT INTO agents (id, parent_id, resource_id, workspace_id, name, token_hash, architecture, operating_system,
         directory, display_apps, created_at, updated_at)
         SELECT ?2, id, resource_id, workspace_id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9 FROM agents WHERE id = ?1",
    )?
    .execute(params![
        parent,
        new.id.to_string(),
        new.name,
        new.token_hash,
        new.architecture,
        new.operating_system,
        new.directory,
        display_apps,
        now.unix_micros()
    ])?;
    Ok(())
}

/// Changes a sub-daemon that a template made beforehand. Returns its name.
///
/// # Errors
/// [`StoreError::NotFound`] when it is not the parent's, or the store's.
pub fn update(db: &Db, parent: AgentId, id: AgentId, new: &NewSubAgent, now: Time) -> Result<String> {
    let display_apps = serde_json::to_string(&new.display_apps).map_err(|_| StoreError::Value("display_apps"))?;
    let mut change = db.prepare_cached(
        "UPDATE agents SET display_apps = ?3, token_hash = ?4, updated_at = ?5,
         directory = CASE ?6 WHEN '' THEN directory ELSE ?6 END
         WHERE id = ?2 AND parent_id = ?1 AND retired = 0 RETURNING name",
    )?;
    let (parent, id) = (parent.to_string(), id.to_string());
    let values = params![parent, id, display_apps, new.token_hash, now.unix_micros(), new.directory];
    Ok(change.query_row(values, |row| row.get(0))?)
}

/// Writes an app.
///
/// # Errors
/// [`StoreError::Taken`] when the slug is, or the store's.
pub fn add_app(db: &Db, agent: AgentId, id: AppId, app: &NewApp) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO apps (id, agent_id, slug, display_name, icon, command, url, external, subdomain, sharing_level,
         healthcheck_url, healthcheck_interval, healthcheck_threshold, health, app_group, hidden, open_in)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
         CASE ?11 WHEN '' THEN 'disabled' ELSE 'initializing' END, ?14, ?15, ?16)",
    )?
    .execute(params![
        id.to_string(),
        agent.to_string(),
        app.slug,
        app.display_name,
        app.icon,
        app.command,
        app.url,
        app.external,
        app.subdomain,
        app.sharing_level,
        app.healthcheck.0,
        app.healthcheck.1,
        app.healthcheck.2,
        app.group,
        app.hidden,
        app.open_in
    ])?;
    Ok(())
}

/// Deletes a sub-daemon of `parent`, with all it reported.
///
/// # Errors
/// [`StoreError::NotFound`] when it is not the parent's, or the store's.
pub fn delete(db: &Db, parent: AgentId, id: AgentId) -> Result<()> {
    let gone = db
        .prepare_cached("DELETE FROM agents WHERE id = ?2 AND parent_id = ?1")?
        .execute([parent.to_string(), id.to_string()])?;
    if gone == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

/// Ids and names of the sub-daemons of `parent`.
///
/// # Errors
/// The store's.
pub fn list(db: &Db, parent: AgentId) -> Result<Vec<(AgentId, String)>> {
    let mut find = db
        .prepare_cached("SELECT id, name FROM agents WHERE parent_id = ?1 AND retired = 0 ORDER BY created_at, name")?;
    let rows = find.query_map([parent.to_string()], |row| {
        Ok(|| -> Result<(AgentId, String)> { Ok((row.id("id")?, row.text("name")?)) }())
    })?;
    rows.map(|row| row?).collect()
}
