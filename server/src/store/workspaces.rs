//! Table `workspaces`.

use proto::id::{OrganizationId, TemplateId, UserId, WorkspaceId};
use proto::rest::Time;
use proto::rest::build::WorkspaceStatus;
use proto::rest::workspace::{AutomaticUpdates, Workspace, WorkspaceHealth};
use rusqlite::{Row, params};

use super::{Column as _, Db, Result, StoreError, builds, micros};
use crate::builds::schedule::Schedule;

/// A workspace to be made.
pub struct NewWorkspace {
    pub id: WorkspaceId,
    pub owner: UserId,
    pub organization: OrganizationId,
    pub template: TemplateId,
    pub name: String,
    pub autostart_schedule: Option<String>,
    pub ttl_ms: Option<i64>,
    pub automatic_updates: AutomaticUpdates,
}

/// Makes a workspace (its first build is queued in the same transaction by the caller).
///
/// # Errors
/// [`StoreError::Taken`] when the owner has one of this name; or the store's.
pub fn insert(db: &Db, new: &NewWorkspace, now: Time) -> Result<()> {
    db.execute(
        "INSERT INTO workspaces (id, owner_id, organization_id, template_id, name, autostart_schedule, ttl_ms,
                                 automatic_updates, last_used_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?9)",
        params![
            new.id.to_string(),
            new.owner.to_string(),
            new.organization.to_string(),
            new.template.to_string(),
            new.name,
            new.autostart_schedule,
            new.ttl_ms,
            new.automatic_updates.as_str(),
            now.unix_micros(),
        ],
    )?;
    Ok(())
}

/// The owner of a workspace; deleted ones included when `deleted`.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn owner(db: &Db, id: WorkspaceId, deleted: bool) -> Result<UserId> {
    let mut find = db.prepare_cached("SELECT owner_id FROM workspaces WHERE id = ?1 AND (deleted = 0 OR ?2)")?;
    find.query_row(params![id.to_string(), deleted], |row| Ok(row.id("owner_id")))?
}

/// One workspace with its latest build; deleted ones included.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn by_id(db: &Db, id: WorkspaceId, now: Time) -> Result<Workspace> {
    let mut find = db.prepare_cached(&format!("{SELECT} WHERE w.id = ?1"))?;
    let workspace = find.query_row([id.to_string()], |row| Ok(read(row)))??;
    complete(db, workspace, now)
}

/// By owner and name.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn by_name(db: &Db, owner: UserId, name: &str, deleted: bool, now: Time) -> Result<Workspace> {
    let mut find = db.prepare_cached(&format!(
        "{SELECT} WHERE w.owner_id = ?1 AND w.name = ?2 AND (w.deleted = 0 OR ?3)
         ORDER BY w.deleted, w.created_at DESC LIMIT 1"
    ))?;
    let workspace = find.query_row(params![owner.to_string(), name, deleted], |row| Ok(read(row)))??;
    complete(db, workspace, now)
}

/// Workspaces that are not deleted, of one owner or of all, favourites and running ones first, then by name.
///
/// # Errors
/// The store's.
pub fn list(db: &Db, owner: Option<UserId>, now: Time) -> Result<Vec<Workspace>> {
    let owner = owner.map(|id| id.to_string());
    let mut find = db.prepare_cached(&format!(
        "{SELECT} WHERE w.deleted = 0 AND (?1 IS NULL OR w.owner_id = ?1) ORDER BY w.favorite DESC, lower(w.name)"
    ))?;
    let rows = find.query_map([owner], |row| Ok(read(row)))?;
    let workspaces: Vec<Workspace> = rows.map(|row| row?).collect::<Result<_>>()?;
    let mut workspaces: Vec<Workspace> =
        workspaces.into_iter().map(|workspace| complete(db, workspace, now)).collect::<Result<_>>()?;
    workspaces
        .sort_by_key(|workspace| (!workspace.favorite, workspace.latest_build.status != WorkspaceStatus::Running));
    Ok(workspaces)
}

/// A change of one setting.
pub enum Change {
    Name(String),
    Autostart(Option<String>),
    Ttl(Option<i64>),
    AutomaticUpdates(AutomaticUpdates),
    Dormant(Option<Time>),
    Favorite(bool),
    Used,
}

/// Changes one setting.
///
/// # Errors
/// [`StoreError::Taken`] for a name; [`StoreError::NotFound`]; or the store's.
pub fn change(db: &Db, id: WorkspaceId, change: Change, now: Time) -> Result<()> {
    let (key, at) = (id.to_string(), now.unix_micros());
    let set = |column: &str, value: &dyn rusqlite::ToSql| {
        db.execute(
            &format!("UPDATE workspaces SET {column} = ?2, updated_at = ?3 WHERE id = ?1 AND deleted = 0"),
            params![key, value, at],
        )
    };
    let changed = match change {
        Change::Name(name) => set("name", &name),
        Change::Autostart(schedule) => set("autostart_schedule", &schedule),
        Change::Ttl(ttl) => set("ttl_ms", &ttl),
        Change::AutomaticUpdates(word) => set("automatic_updates", &word.as_str()),
        Change::Dormant(since) => set("dormant_at", &micros(since)),
        Change::Favorite(favorite) => set("favorite", &favorite),
        Change::Used => set("last_used_at", &at),
    }?;
    if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

/// Sets when the latest build's workspace stops by itself.
///
/// # Errors
/// The store's.
pub fn set_deadline(db: &Db, id: WorkspaceId, deadline: Option<Time>, now: Time) -> Result<()> {
    db.execute(
        "UPDATE builds SET deadline = ?2, updated_at = ?3 WHERE workspace_id = ?1 AND build_number =
            (SELECT max(build_number) FROM builds WHERE workspace_id = ?1)",
        params![id.to_string(), micros(deadline), now.unix_micros()],
    )?;
    Ok(())
}

/// Marks a workspace as deleted; its name is free again.
///
/// # Errors
/// The store's.
pub fn mark_deleted(db: &Db, id: WorkspaceId, now: Time) -> Result<()> {
    db.execute(
        "UPDATE workspaces SET deleted = 1, updated_at = ?2 WHERE id = ?1",
        params![id.to_string(), now.unix_micros()],
    )?;
    Ok(())
}

const SELECT: &str = "SELECT w.*, u.username, u.avatar_url, o.name AS organization_name, t.name AS template_name,
        t.display_name AS template_display_name, t.icon AS template_icon, t.active_version_id
     FROM workspaces w JOIN users u ON u.id = w.owner_id JOIN organizations o ON o.id = w.organization_id
          JOIN templates t ON t.id = w.template_id";

fn complete(db: &Db, mut workspace: Workspace, now: Time) -> Result<Workspace> {
    workspace.latest_build = builds::latest(db, workspace.id, now)?;
    workspace.outdated = workspace.latest_build.template_version_id != workspace.template_active_version_id;
    let schedule = workspace.autostart_schedule.as_deref().filter(|_| workspace.dormant_at.is_none());
    workspace.next_start_at = schedule.and_then(|schedule| schedule.parse::<Schedule>().ok()?.next(now));
    let agents = workspace.latest_build.resources.iter().flat_map(|resource| &resource.agents);
    let failing: Vec<_> = agents.filter(|agent| !agent.health.healthy).map(|agent| agent.id).collect();
    workspace.health = WorkspaceHealth { healthy: failing.is_empty(), failing_agents: failing };
    Ok(workspace)
}

fn read(row: &Row<'_>) -> Result<Workspace> {
    Ok(Workspace {
        id: row.id("id")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        owner_id: row.id("owner_id")?,
        owner_name: row.text("username")?,
        owner_avatar_url: row.text("avatar_url")?,
        organization_id: row.id("organization_id")?,
        organization_name: row.text("organization_name")?,
        template_id: row.id("template_id")?,
        template_name: row.text("template_name")?,
        template_display_name: row.text("template_display_name")?,
        template_icon: row.text("template_icon")?,
        template_allow_user_cancel_workspace_jobs: true,
        template_active_version_id: row.id("active_version_id")?,
        name: row.text("name")?,
        autostart_schedule: row.get("autostart_schedule")?,
        ttl_ms: row.get("ttl_ms")?,
        last_used_at: row.time("last_used_at")?,
        dormant_at: row.time_opt("dormant_at")?,
        automatic_updates: AutomaticUpdates::from_word(&row.text("automatic_updates")?),
        allow_renames: true,
        favorite: row.get("favorite")?,
        ..Workspace::default()
    })
}
