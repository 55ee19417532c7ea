//! Table `resources`: what builds made, and writing the daemon of a workspace with it.

use std::collections::BTreeMap;

use proto::id::{AgentId, JobId, ResourceId, WorkspaceId};
use proto::rest::Time;
use proto::rest::build::Transition;
use proto::rest::resource::Resource;
use rusqlite::params;

use super::{Column as _, Db, Result, agents};
use crate::token::Hash;

/// A resource with one daemon, as the built-in templates make it.
pub struct NewResource {
    pub id: ResourceId,
    pub job: JobId,
    pub workspace: WorkspaceId,
    pub kind: &'static str,
    pub name: String,
    pub agent: AgentId,
    pub token_hash: Hash,
    pub environment: BTreeMap<String, String>,
    pub directory: String,
}

/// The resources of a build's job with their daemons.
///
/// # Errors
/// The store's.
pub fn of_job(db: &Db, job: JobId, now: Time) -> Result<Vec<Resource>> {
    let mut find = db.prepare_cached("SELECT * FROM resources WHERE job_id = ?1 ORDER BY created_at, name")?;
    let rows = find.query_map([job.to_string()], |row| {
        Ok(|| -> Result<Resource> {
            Ok(Resource {
                id: row.id("id")?,
                created_at: row.time("created_at")?,
                job_id: job,
                workspace_transition: Transition::from_word(&row.text("transition")?),
                kind: row.text("kind")?,
                name: row.text("name")?,
                hide: row.get("hide")?,
                icon: row.text("icon")?,
                metadata: row.json("metadata")?,
                ..Resource::default()
            })
        }())
    })?;
    let mut resources: Vec<Resource> = rows.map(|row| row?).collect::<Result<_>>()?;
    for resource in &mut resources {
        resource.agents = agents::of_resource(db, resource.id, now)?;
    }
    Ok(resources)
}

/// Writes a resource and its daemon; daemons of earlier builds of the workspace are retired in the same step.
///
/// # Errors
/// The store's.
pub fn replace(db: &Db, new: &NewResource, now: Time) -> Result<Vec<AgentId>> {
    let retired = retire(db, new.workspace, now)?;
    // A build that runs again after the server was killed starts from nothing.
    db.execute("DELETE FROM resources WHERE job_id = ?1", [new.job.to_string()])?;
    db.execute(
        "INSERT INTO resources (id, job_id, transition, kind, name, created_at) VALUES (?1, ?2, 'start', ?3, ?4, ?5)",
        params![new.id.to_string(), new.job.to_string(), new.kind, new.name, now.unix_micros()],
    )?;
    db.execute(
        "INSERT INTO agents (id, resource_id, workspace_id, name, token_hash, architecture, operating_system, environment,
                             directory, display_apps, created_at, updated_at)
         VALUES (?1, ?2, ?3, 'main', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
        params![
            new.agent.to_string(),
            new.id.to_string(),
            new.workspace.to_string(),
            new.token_hash,
            architecture(),
            std::env::consts::OS,
            serde_json::to_string(&new.environment).unwrap_or_else(|_| "{}".into()),
            new.directory,
            r#"["vscode","web_terminal","ssh_helper","port_forwarding_helper"]"#,
            now.unix_micros(),
        ],
    )?;
    Ok(retired)
}

/// Makes the tokens of all daemons of a workspace void; returns whose.
///
/// # Errors
/// The store's.
pub fn retire(db: &Db, workspace: WorkspaceId, now: Time) -> Result<Vec<AgentId>> {
    let mut update = db.prepare_cached(
        "UPDATE agents SET retired = 1, updated_at = ?2,
                disconnected_at = CASE WHEN first_connected_at IS NULL THEN NULL ELSE coalesce(disconnected_at, ?2) END
         WHERE workspace_id = ?1 AND retired = 0 RETURNING id",
    )?;
    let rows = update.query_map(params![workspace.to_string(), now.unix_micros()], |row| Ok(row.id("id")))?;
    rows.map(|row| row?).collect()
}

/// The architecture in the words of Go, which the wire uses.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "armv7",
        other => other,
    }
}
