//! Tables `jobs` and `job_logs`: the queue's memory, and what the runs said.

use proto::id::JobId;
use proto::rest::Time;
use proto::rest::job::{Job, JobInput, JobLog, JobStatus, JobType, LogLevel, LogSource};
use rusqlite::{Row, params};

use super::{Column as _, Db, Result, StoreError};

/// Longest line of a log; what is longer is cut, because readers hold lines in memory.
const MAX_LINE: usize = 8 * 1024;
/// Lines that one read returns.
pub const MAX_LINES: i64 = 1000;

/// A job with its place in the queue.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn by_id(db: &Db, id: JobId) -> Result<Job> {
    let mut find = db.prepare_cached(
        "SELECT j.*, b.id AS build_id, b.workspace_id, w.name AS workspace_name, w.template_id, t.name AS template_name,
                t.display_name AS template_display_name, t.icon AS template_icon,
                coalesce(b.template_version_id, v.id) AS version_id, coalesce(bv.name, v.name, '') AS version_name
         FROM jobs j LEFT JOIN builds b ON b.job_id = j.id LEFT JOIN template_versions bv ON bv.id = b.template_version_id
              LEFT JOIN template_versions v ON v.job_id = j.id
              LEFT JOIN workspaces w ON w.id = b.workspace_id
              LEFT JOIN templates t ON t.id = coalesce(w.template_id, v.template_id)
         WHERE j.id = ?1",
    )?;
    let mut job = find.query_row([id.to_string()], |row| Ok(read(row)))??;
    if job.status == JobStatus::Pending {
        let mut ahead = db.prepare_cached(
            "SELECT count(*) FILTER (WHERE created_at < ?1), count(*) FROM jobs
             WHERE status = 'pending' AND kind = 'workspace_build'",
        )?;
        (job.queue_position, job.queue_size) =
            ahead.query_row([job.created_at.unix_micros()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    }
    Ok(job)
}

/// The status alone.
///
/// # Errors
/// [`StoreError::NotFound`], or the store's.
pub fn status(db: &Db, id: JobId) -> Result<JobStatus> {
    let word: String = db.query_row("SELECT status FROM jobs WHERE id = ?1", [id.to_string()], |row| row.get(0))?;
    Ok(JobStatus::from_word(&word))
}

/// Moves a job from one status to the next; the times follow from the status.
///
/// # Errors
/// [`StoreError::Conflict`] when the job is not in `from` any more; or the store's.
pub fn advance(db: &Db, id: JobId, from: JobStatus, to: JobStatus, reason: &str, now: Time) -> Result<()> {
    let changed = db.execute(
        "UPDATE jobs SET status = ?3, updated_at = ?5,
                reason = CASE WHEN ?4 = '' THEN reason ELSE ?4 END,
                attempts = attempts + (?3 = 'running'),
                started_at = CASE ?3 WHEN 'running' THEN ?5 WHEN 'pending' THEN NULL ELSE started_at END,
                completed_at = CASE WHEN ?3 IN ('succeeded', 'failed', 'canceled') THEN ?5 ELSE NULL END,
                canceled_at = CASE WHEN ?3 IN ('canceling', 'canceled') THEN coalesce(canceled_at, ?5) END
         WHERE id = ?1 AND status = ?2",
        params![id.to_string(), from.as_str(), to.as_str(), reason, now.unix_micros()],
    )?;
    if changed == 0 {
        return Err(StoreError::Conflict("The build has moved on meanwhile.".into()));
    }
    if to.is_final() {
        db.execute(
            "UPDATE builds SET open = 0, updated_at = ?2 WHERE job_id = ?1",
            params![id.to_string(), now.unix_micros()],
        )?;
    }
    Ok(())
}

/// Appends a line to a job's log.
///
/// # Errors
/// The store's.
pub fn log(db: &Db, job: JobId, level: LogLevel, stage: &str, output: &str, now: Time) -> Result<()> {
    let mut end = output.len().min(MAX_LINE);
    while !output.is_char_boundary(end) {
        end -= 1;
    }
    db.execute(
        "INSERT INTO job_logs (job_id, created_at, source, level, stage, output) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            job.to_string(),
            now.unix_micros(),
            LogSource::Provisioner.as_str(),
            level.as_str(),
            stage,
            &output[..end]
        ],
    )?;
    Ok(())
}

/// Lines with ids above `after` and below `before`, oldest first, at most [`MAX_LINES`].
///
/// # Errors
/// The store's.
pub fn logs(db: &Db, job: JobId, after: i64, before: Option<i64>) -> Result<Vec<JobLog>> {
    let mut find =
        db.prepare_cached("SELECT * FROM job_logs WHERE job_id = ?1 AND id > ?2 AND id < ?3 ORDER BY id LIMIT ?4")?;
    let rows = find.query_map(params![job.to_string(), after, before.unwrap_or(i64::MAX), MAX_LINES], |row| {
        Ok(|| -> Result<JobLog> {
            Ok(JobLog {
                id: row.get("id")?,
                created_at: row.time("created_at")?,
                log_source: LogSource::from_word(&row.text("source")?),
                log_level: LogLevel::from_word(&row.text("level")?),
                stage: row.text("stage")?,
                output: row.text("output")?,
            })
        }())
    })?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<Job> {
    let status = JobStatus::from_word(&row.text("status")?);
    let reason = row.text("reason")?;
    let optional =
        |column: &'static str| -> Result<String> { Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default()) };
    Ok(Job {
        id: row.id("id")?,
        created_at: row.time("created_at")?,
        started_at: row.time_opt("started_at")?,
        completed_at: row.time_opt("completed_at")?,
        canceled_at: row.time_opt("canceled_at")?,
        error: if matches!(status, JobStatus::Failed | JobStatus::Canceled) { reason } else { String::new() },
        error_code: row.text("error_code")?,
        status,
        worker_name: "built-in".into(),
        organization_id: row.id("organization_id")?,
        initiator_id: row.id_opt("initiator_id")?.unwrap_or_default(),
        input: JobInput {
            template_version_id: row.id_opt("version_id")?,
            workspace_build_id: row.id_opt("build_id")?,
            error: String::new(),
        },
        kind: JobType::from_word(&row.text("kind")?),
        metadata: proto::rest::job::JobMetadata {
            template_version_name: row.text("version_name")?,
            template_id: row.id_opt("template_id")?.unwrap_or_default(),
            template_name: optional("template_name")?,
            template_display_name: optional("template_display_name")?,
            template_icon: optional("template_icon")?,
            workspace_id: row.id_opt("workspace_id")?,
            workspace_name: optional("workspace_name")?,
        },
        ..Job::default()
    })
}
