//! Workspaces that the clock may start or stop, and deadlines that use moves on.

use proto::id::{TemplateVersionId, UserId, WorkspaceId};
use proto::rest::Time;
use proto::rest::build::Transition;
use proto::rest::job::JobStatus;
use proto::rest::workspace::AutomaticUpdates;
use rusqlite::{OptionalExtension as _, params};

use super::{Column as _, Db, Result, workspaces};
use crate::builds::schedule::{Standing, bumped};

/// A workspace with a deadline or a schedule.
#[derive(Debug, Clone)]
pub struct Scheduled {
    pub workspace: WorkspaceId,
    pub owner: UserId,
    /// The version of its latest build.
    pub version: TemplateVersionId,
    /// The version that new workspaces of its template get.
    pub active_version: TemplateVersionId,
    pub automatic_updates: AutomaticUpdates,
    pub standing: Standing,
}

/// All that have one, of people who may work here.
///
/// # Errors
/// The store's.
pub fn all(db: &Db) -> Result<Vec<Scheduled>> {
    let mut find = db.prepare_cached(
        "SELECT w.id, w.owner_id, w.autostart_schedule, w.automatic_updates, w.dormant_at, b.template_version_id,
                b.transition, b.deadline, b.created_at, j.status, t.active_version_id
         FROM workspaces w
         JOIN builds b ON b.workspace_id = w.id
             AND b.build_number = (SELECT max(build_number) FROM builds WHERE workspace_id = w.id)
         JOIN jobs j ON j.id = b.job_id
         JOIN templates t ON t.id = w.template_id
         JOIN users u ON u.id = w.owner_id
         WHERE w.deleted = 0 AND u.status <> 'suspended' AND (w.autostart_schedule IS NOT NULL OR b.deadline IS NOT NULL)",
    )?;
    let mut rows = find.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Scheduled {
            workspace: row.id("id")?,
            owner: row.id("owner_id")?,
            version: row.id("template_version_id")?,
            active_version: row.id("active_version_id")?,
            automatic_updates: AutomaticUpdates::from_word(&row.text("automatic_updates")?),
            standing: Standing {
                transition: Transition::from_word(&row.text("transition")?),
                status: JobStatus::from_word(&row.text("status")?),
                built_at: row.time("created_at")?,
                deadline: row.time_opt("deadline")?,
                autostart: row.get("autostart_schedule")?,
                is_dormant: row.time_opt("dormant_at")?.is_some(),
            },
        });
    }
    Ok(all)
}

/// Somebody works in the workspace: when it was used last, and its deadline moves on. Whether the deadline moved.
///
/// # Errors
/// The store's.
pub fn used(db: &Db, workspace: WorkspaceId, now: Time) -> Result<bool> {
    workspaces::change(db, workspace, workspaces::Change::Used, now)?;
    let running = db
        .prepare_cached(
            "SELECT b.deadline FROM builds b JOIN jobs j ON j.id = b.job_id
             WHERE b.workspace_id = ?1 AND b.transition = 'start' AND j.status = 'succeeded' AND b.deadline IS NOT NULL
               AND b.build_number = (SELECT max(build_number) FROM builds WHERE workspace_id = ?1)",
        )?
        .query_row(params![workspace.to_string()], |row| Ok(row.time("deadline")))
        .optional()?;
    let Some(deadline) = running.transpose()?.and_then(|deadline| bumped(deadline, now)) else { return Ok(false) };
    workspaces::set_deadline(db, workspace, Some(deadline), now)?;
    Ok(true)
}
