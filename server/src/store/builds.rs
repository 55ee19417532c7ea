//! Table `builds`: the runs of a workspace, in order.

use proto::id::{BuildId, JobId, TemplateVersionId, UserId, WorkspaceId};
use proto::rest::Time;
use proto::rest::build::{Build, BuildParameter, BuildReason, ProvisionerTiming, Transition};
use proto::rest::job::{JobStatus, JobType};
use rusqlite::{OptionalExtension as _, Row, params};

use super::{Column as _, Db, Result, StoreError, jobs, resources};
use crate::builds::life;
use crate::builds::provision::EXTERNAL_RESOURCE;

/// A build to be queued.
pub struct NewBuild {
    pub id: BuildId,
    pub job: JobId,
    pub workspace: WorkspaceId,
    pub version: TemplateVersionId,
    pub transition: Transition,
    pub reason: BuildReason,
    pub initiator: Option<UserId>,
    pub parameters: Vec<BuildParameter>,
}

/// What the runner must know of a build that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub build: BuildId,
    pub job: JobId,
    pub status: JobStatus,
    pub transition: Transition,
    pub workspace: WorkspaceId,
    pub workspace_name: String,
    pub owner: UserId,
    pub owner_name: String,
    pub template_name: String,
    /// How often it was begun.
    pub attempts: u32,
}

/// Queues a build.
///
/// # Errors
/// [`StoreError::Conflict`] when another build of the workspace is open, or the workspace is deleted; or the store's.
pub fn queue(db: &Db, new: &NewBuild, now: Time) -> Result<()> {
    let workspace = new.workspace.to_string();
    let latest: Option<(i64, String, String, String)> = db
        .query_row(
            "SELECT b.build_number, b.transition, j.status, b.template_version_id FROM builds b
             JOIN jobs j ON j.id = b.job_id WHERE b.workspace_id = ?1 ORDER BY b.build_number DESC LIMIT 1",
            [&workspace],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let before = latest
        .as_ref()
        .map(|(_, transition, status, _)| (Transition::from_word(transition), JobStatus::from_word(status)));
    life::may_queue(before, new.transition).map_err(|refused| StoreError::Conflict(refused.to_string()))?;
    let number = latest.map_or(1, |(number, ..)| number + 1);
    let initiator = new.initiator.map(|id| id.to_string());
    db.execute(
        "INSERT INTO jobs (id, organization_id, initiator_id, kind, status, created_at, updated_at)
         SELECT ?1, organization_id, ?2, ?3, 'pending', ?4, ?4 FROM workspaces WHERE id = ?5 AND deleted = 0",
        params![new.job.to_string(), initiator, JobType::WorkspaceBuild.as_str(), now.unix_micros(), workspace],
    )?;
    db.execute(
        "INSERT INTO builds (id, workspace_id, template_version_id, job_id, build_number, transition, reason,
                             initiator_id, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
        params![
            new.id.to_string(),
            workspace,
            new.version.to_string(),
            new.job.to_string(),
            number,
            new.transition.as_str(),
            new.reason.as_str(),
            initiator,
            now.unix_micros(),
        ],
    )?;
    // What is not said again stays as it was, as upstream.
    db.execute(
        "INSERT INTO build_parameters (build_id, name, value)
         SELECT ?1, p.name, p.value FROM build_parameters p JOIN builds b ON b.id = p.build_id
         WHERE b.workspace_id = ?2 AND b.build_number = ?3",
        params![new.id.to_string(), workspace, number - 1],
    )?;
    for parameter in &new.parameters {
        db.execute(
            "INSERT INTO build_parameters (build_id, name, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
            params![new.id.to_string(), parameter.name, parameter.value],
        )?;
    }
    Ok(())
}

/// Builds whose job has not ended, oldest first.
///
/// # Errors
/// The store's.
pub fn open(db: &Db) -> Result<Vec<Waiting>> {
    let mut find = db.prepare_cached(
        "SELECT b.id, b.job_id, j.status, j.attempts, b.transition, b.workspace_id, w.name AS workspace_name, w.owner_id,
                u.username AS owner_name, t.name AS template_name
         FROM builds b JOIN jobs j ON j.id = b.job_id JOIN workspaces w ON w.id = b.workspace_id
              JOIN users u ON u.id = w.owner_id
              JOIN template_versions v ON v.id = b.template_version_id JOIN templates t ON t.id = v.template_id
         WHERE b.open = 1 ORDER BY b.created_at, b.id",
    )?;
    let rows = find.query_map([], |row| {
        Ok(|| -> Result<Waiting> {
            Ok(Waiting {
                build: row.id("id")?,
                job: row.id("job_id")?,
                status: JobStatus::from_word(&row.text("status")?),
                transition: Transition::from_word(&row.text("transition")?),
                workspace: row.id("workspace_id")?,
                workspace_name: row.text("workspace_name")?,
                owner: row.id("owner_id")?,
                owner_name: row.text("owner_name")?,
                template_name: row.text("template_name")?,
                attempts: row.get("attempts")?,
            })
        }())
    })?;
    rows.map(|row| row?).collect()
}

/// One build.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn by_id(db: &Db, id: BuildId, now: Time) -> Result<Build> {
    one(db, "WHERE b.id = ?1", params![id.to_string()], now)
}

/// By number.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn by_number(db: &Db, workspace: WorkspaceId, number: i32, now: Time) -> Result<Build> {
    one(db, "WHERE b.workspace_id = ?1 AND b.build_number = ?2", params![workspace.to_string(), number], now)
}

/// The newest build of a workspace.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn latest(db: &Db, workspace: WorkspaceId, now: Time) -> Result<Build> {
    let newest = "WHERE b.workspace_id = ?1 ORDER BY b.build_number DESC LIMIT 1";
    one(db, newest, params![workspace.to_string()], now)
}

/// Builds of a workspace, newest first.
///
/// # Errors
/// The store's.
pub fn of_workspace(db: &Db, workspace: WorkspaceId, limit: i64, offset: i64, now: Time) -> Result<Vec<Build>> {
    let mut find = db.prepare_cached(&format!(
        "{SELECT} WHERE b.workspace_id = ?1 ORDER BY b.build_number DESC LIMIT ?2 OFFSET ?3"
    ))?;
    let rows = find.query_map(params![workspace.to_string(), limit, offset], |row| Ok(read(row)))?;
    let builds: Vec<_> = rows.map(|row| row?).collect::<Result<_>>()?;
    builds.into_iter().map(|build| complete(db, build, now)).collect()
}

/// The parameters that a build was given.
///
/// # Errors
/// The store's.
pub fn parameters(db: &Db, build: BuildId) -> Result<Vec<BuildParameter>> {
    let mut find = db.prepare_cached("SELECT name, value FROM build_parameters WHERE build_id = ?1 ORDER BY name")?;
    let rows = find.query_map([build.to_string()], |row| {
        Ok(BuildParameter { name: row.get("name")?, value: row.get("value")? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes how long a step took.
///
/// # Errors
/// The store's.
pub fn add_timing(db: &Db, job: JobId, action: &str, resource: &str, started: Time, ended: Time) -> Result<()> {
    db.execute(
        "INSERT INTO build_timings (job_id, stage, source, action, resource, started_at, ended_at)
         VALUES (?1, 'apply', 'builtin', ?2, ?3, ?4, ?5)",
        params![job.to_string(), action, resource, started.unix_micros(), ended.unix_micros()],
    )?;
    Ok(())
}

/// How long the steps of a build took.
///
/// # Errors
/// The store's.
pub fn timings(db: &Db, job: JobId) -> Result<Vec<ProvisionerTiming>> {
    let mut find = db.prepare_cached("SELECT * FROM build_timings WHERE job_id = ?1 ORDER BY started_at")?;
    let rows = find.query_map([job.to_string()], |row| {
        Ok(|| -> Result<ProvisionerTiming> {
            Ok(ProvisionerTiming {
                job_id: job,
                started_at: row.time("started_at")?,
                ended_at: row.time("ended_at")?,
                stage: row.text("stage")?,
                source: row.text("source")?,
                action: row.text("action")?,
                resource: row.text("resource")?,
            })
        }())
    })?;
    rows.map(|row| row?).collect()
}

const SELECT: &str = "SELECT b.*, w.name AS workspace_name, w.owner_id, u.username AS owner_name,
        u.avatar_url AS owner_avatar_url, v.name AS version_name, coalesce(i.username, '') AS initiator_name
     FROM builds b JOIN workspaces w ON w.id = b.workspace_id JOIN users u ON u.id = w.owner_id
          JOIN template_versions v ON v.id = b.template_version_id LEFT JOIN users i ON i.id = b.initiator_id";

fn one(db: &Db, clause: &str, values: impl rusqlite::Params, now: Time) -> Result<Build> {
    let mut find = db.prepare_cached(&format!("{SELECT} {clause}"))?;
    let build = find.query_row(values, |row| Ok(read(row)))??;
    complete(db, build, now)
}

fn complete(db: &Db, (build, job): (Build, JobId), now: Time) -> Result<Build> {
    let job = jobs::by_id(db, job)?;
    let resources = resources::of_job(db, job.id, now)?;
    let status = life::workspace_status(build.transition, job.status);
    let is_external = resources.iter().any(|resource| resource.kind == EXTERNAL_RESOURCE);
    Ok(Build { job, resources, status, has_external_agent: Some(is_external), ..build })
}

fn read(row: &Row<'_>) -> Result<(Build, JobId)> {
    let build = Build {
        id: row.id("id")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        workspace_id: row.id("workspace_id")?,
        workspace_name: row.text("workspace_name")?,
        workspace_owner_id: row.id("owner_id")?,
        workspace_owner_name: row.text("owner_name")?,
        workspace_owner_avatar_url: row.text("owner_avatar_url")?,
        template_version_id: row.id("template_version_id")?,
        template_version_name: row.text("version_name")?,
        build_number: row.get("build_number")?,
        transition: Transition::from_word(&row.text("transition")?),
        initiator_id: row.id_opt("initiator_id")?.unwrap_or_default(),
        initiator_name: row.text("initiator_name")?,
        reason: BuildReason::from_word(&row.text("reason")?),
        deadline: row.time_opt("deadline")?,
        ..Build::default()
    };
    Ok((build, row.id("job_id")?))
}
