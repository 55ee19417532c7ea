//! Table `agents`: workspace daemons, and their apps, scripts and log sources.

use proto::id::{AgentId, UserId, WorkspaceId};
use proto::rest::Time;
use proto::rest::agent::StartupScriptBehavior;
use proto::rest::agent::{Agent, AgentHealth, AgentLifecycle, AgentLogSource, AgentScript, AgentStatus};
use proto::rest::app::{App, AppHealth, Healthcheck, SharingLevel};
use rusqlite::Row;

use super::{Column as _, Db, Result};
use crate::access::AgentIdentity;
use crate::token::Hash;

/// A connected daemon refreshes `last_connected_at` at least this often (seconds); after three times as long without,
/// it counts as gone even when nobody saw it leave.
pub const HEARTBEAT_SECONDS: i64 = 15;

/// The daemon whose token has this hash, and the stored hash for the constant-time comparison.
///
/// # Errors
/// [`super::StoreError::NotFound`] also for a retired daemon; or the store's.
pub fn by_token_hash(db: &Db, hash: &Hash) -> Result<(Hash, AgentIdentity)> {
    let mut find = db.prepare_cached(
        "SELECT a.token_hash, a.id, a.name, w.id AS workspace_id, w.name AS workspace_name, u.id AS owner_id, u.username
         FROM agents a JOIN workspaces w ON w.id = a.workspace_id JOIN users u ON u.id = w.owner_id
         WHERE a.token_hash = ?1 AND a.retired = 0 AND w.deleted = 0",
    )?;
    find.query_row([hash], |row| {
        Ok(|| -> Result<(Hash, AgentIdentity)> {
            let agent = AgentIdentity {
                id: row.id("id")?,
                name: row.text("name")?,
                workspace_id: row.id("workspace_id")?,
                workspace_name: row.text("workspace_name")?,
                owner_id: row.id("owner_id")?,
                owner_username: row.text("username")?,
            };
            Ok((row.get("token_hash")?, agent))
        }())
    })?
}

/// Where a daemon belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub agent: AgentId,
    pub workspace: WorkspaceId,
    pub owner: UserId,
    /// Its token is void.
    pub retired: bool,
}

/// Workspace and owner of a daemon.
///
/// # Errors
/// [`super::StoreError::NotFound`], or the store's.
pub fn place(db: &Db, agent: AgentId) -> Result<Place> {
    let mut find = db.prepare_cached(
        "SELECT a.workspace_id, a.retired, w.owner_id FROM agents a JOIN workspaces w ON w.id = a.workspace_id
         WHERE a.id = ?1 AND w.deleted = 0",
    )?;
    find.query_row([agent.to_string()], |row| {
        Ok(|| -> Result<Place> {
            let (workspace, owner) = (row.id("workspace_id")?, row.id("owner_id")?);
            Ok(Place { agent, workspace, owner, retired: row.get("retired")? })
        }())
    })?
}

/// A daemon with its apps, scripts and log sources.
///
/// # Errors
/// [`super::StoreError::NotFound`], or the store's.
pub fn by_id(db: &Db, agent: AgentId, now: Time) -> Result<Agent> {
    let mut find = db.prepare_cached("SELECT * FROM agents WHERE id = ?1")?;
    let agent = find.query_row([agent.to_string()], |row| Ok(read(row, now)))??;
    with_parts(db, agent)
}

/// The daemons of a resource.
///
/// # Errors
/// The store's.
pub fn of_resource(db: &Db, resource: proto::id::ResourceId, now: Time) -> Result<Vec<Agent>> {
    let mut find = db.prepare_cached("SELECT * FROM agents WHERE resource_id = ?1 ORDER BY created_at, name")?;
    let rows = find.query_map([resource.to_string()], |row| Ok(read(row, now)))?;
    let agents: Vec<Agent> = rows.map(|row| row?).collect::<Result<_>>()?;
    agents.into_iter().map(|agent| with_parts(db, agent)).collect()
}

/// The daemons of a workspace whose tokens are good.
///
/// # Errors
/// The store's.
pub fn live_of_workspace(db: &Db, workspace: WorkspaceId, now: Time) -> Result<Vec<Agent>> {
    let mut find =
        db.prepare_cached("SELECT * FROM agents WHERE workspace_id = ?1 AND retired = 0 ORDER BY created_at, name")?;
    let rows = find.query_map([workspace.to_string()], |row| Ok(read(row, now)))?;
    let agents: Vec<Agent> = rows.map(|row| row?).collect::<Result<_>>()?;
    agents.into_iter().map(|agent| with_parts(db, agent)).collect()
}

/// Whether a daemon is connected, from what the rows say.
#[must_use]
pub fn status(
    created: Time,
    timeout_seconds: i32,
    connected: Option<Time>,
    disconnected: Option<Time>,
    now: Time,
) -> AgentStatus {
    let seconds_since = |then: Time| (now.0 - then.0).whole_seconds();
    match (connected, disconnected) {
        (None, _) if timeout_seconds > 0 && seconds_since(created) > i64::from(timeout_seconds) => AgentStatus::Timeout,
        (None, _) => AgentStatus::Connecting,
        (Some(seen), Some(left)) if left >= seen => AgentStatus::Disconnected,
        (Some(seen), _) if seconds_since(seen) > 3 * HEARTBEAT_SECONDS => AgentStatus::Disconnected,
        (Some(_), _) => AgentStatus::Connected,
    }
}

/// Whether a daemon does its work, in one word for people.
fn health(status: AgentStatus, lifecycle: AgentLifecycle, created: Time, now: Time) -> AgentHealth {
    use AgentLifecycle::{ShutdownError, ShutdownTimeout, ShuttingDown, StartError, StartTimeout};
    let reason = match (status, lifecycle) {
        (AgentStatus::Timeout, _) => "workspace daemon is taking too long to connect",
        (AgentStatus::Disconnected, _) => "workspace daemon has lost connection",
        (_, StartError) => "workspace daemon startup script exited with an error",
        (_, StartTimeout) => "workspace daemon startup script timed out",
        (_, ShuttingDown | ShutdownTimeout | ShutdownError) => "workspace daemon is shutting down",
        // The first seconds of a start are not an illness.
        (AgentStatus::Connecting, _) if (now.0 - created.0).whole_seconds() > 30 => "workspace daemon is connecting",
        _ => return AgentHealth { healthy: true, reason: String::new() },
    };
    AgentHealth { healthy: false, reason: reason.into() }
}

fn read(row: &Row<'_>, now: Time) -> Result<Agent> {
    let created_at = row.time("created_at")?;
    let connection_timeout_seconds = row.get("connection_timeout_seconds")?;
    let last_connected_at = row.time_opt("last_connected_at")?;
    let disconnected_at = row.time_opt("disconnected_at")?;
    let status = status(created_at, connection_timeout_seconds, last_connected_at, disconnected_at, now);
    let lifecycle_state = AgentLifecycle::from_word(&row.text("lifecycle_state")?);
    Ok(Agent {
        id: row.id("id")?,
        parent_id: row.id_opt("parent_id")?,
        created_at,
        updated_at: row.time("updated_at")?,
        first_connected_at: row.time_opt("first_connected_at")?,
        last_connected_at,
        disconnected_at,
        started_at: row.time_opt("started_at")?,
        ready_at: row.time_opt("ready_at")?,
        status,
        lifecycle_state,
        name: row.text("name")?,
        resource_id: row.id("resource_id")?,
        instance_id: String::new(),
        architecture: row.text("architecture")?,
        environment_variables: row.json("environment")?,
        operating_system: row.text("operating_system")?,
        logs_length: row.get("logs_length")?,
        logs_overflowed: row.get("logs_overflowed")?,
        directory: row.text("directory")?,
        expanded_directory: row.text("expanded_directory")?,
        version: row.text("version")?,
        api_version: row.text("api_version")?,
        connection_timeout_seconds,
        troubleshooting_url: row.text("troubleshooting_url")?,
        subsystems: row.json("subsystems")?,
        health: health(status, lifecycle_state, created_at, now),
        display_apps: row.json("display_apps")?,
        startup_script_behavior: StartupScriptBehavior::from_word(&row.text("startup_script_behavior")?),
        ..Agent::default()
    })
}

fn with_parts(db: &Db, mut agent: Agent) -> Result<Agent> {
    let id = agent.id.to_string();
    let mut find = db.prepare_cached("SELECT * FROM apps WHERE agent_id = ?1 ORDER BY slug")?;
    agent.apps = find.query_map([&id], |row| Ok(read_app(row)))?.map(|row| row?).collect::<Result<_>>()?;
    let mut find = db.prepare_cached("SELECT * FROM scripts WHERE agent_id = ?1 ORDER BY display_name, id")?;
    agent.scripts = find.query_map([&id], |row| Ok(read_script(row)))?.map(|row| row?).collect::<Result<_>>()?;
    let mut find = db.prepare_cached("SELECT * FROM log_sources WHERE agent_id = ?1 ORDER BY created_at, id")?;
    agent.log_sources = find.query_map([&id], |row| Ok(read_source(row)))?.map(|row| row?).collect::<Result<_>>()?;
    Ok(agent)
}

fn read_app(row: &Row<'_>) -> Result<App> {
    Ok(App {
        id: row.id("id")?,
        url: row.text("url")?,
        external: row.get("external")?,
        slug: row.text("slug")?,
        display_name: row.text("display_name")?,
        command: row.text("command")?,
        icon: row.text("icon")?,
        subdomain: row.get("subdomain")?,
        subdomain_name: String::new(),
        sharing_level: SharingLevel::from_word(&row.text("sharing_level")?),
        healthcheck: Healthcheck {
            url: row.text("healthcheck_url")?,
            interval: row.get("healthcheck_interval")?,
            threshold: row.get("healthcheck_threshold")?,
        },
        health: AppHealth::from_word(&row.text("health")?),
        group: row.text("app_group")?,
        hidden: row.get("hidden")?,
        open_in: row.text("open_in")?,
        statuses: Vec::new(),
    })
}

fn read_script(row: &Row<'_>) -> Result<AgentScript> {
    Ok(AgentScript {
        id: row.id("id")?,
        log_source_id: row.id("log_source_id")?,
        log_path: row.text("log_path")?,
        script: row.text("script")?,
        cron: row.text("cron")?,
        run_on_start: row.get("run_on_start")?,
        run_on_stop: row.get("run_on_stop")?,
        start_blocks_login: row.get("start_blocks_login")?,
        timeout: row.get::<_, i64>("timeout_seconds")?.saturating_mul(1_000_000_000),
        display_name: row.text("display_name")?,
    })
}

fn read_source(row: &Row<'_>) -> Result<AgentLogSource> {
    Ok(AgentLogSource {
        workspace_agent_id: row.id("agent_id")?,
        id: row.id("id")?,
        created_at: row.time("created_at")?,
        display_name: row.text("display_name")?,
        icon: row.text("icon")?,
    })
}
