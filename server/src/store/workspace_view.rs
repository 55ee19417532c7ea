//! What a user's mesh clients need to know of the user's workspaces: names, states, daemons. One query, no joins for JSON.

use std::collections::BTreeMap;

use proto::id::{AgentId, UserId, WorkspaceId};

use super::{Column as _, Db, Result};
use crate::net::updates::{Snapshot, WorkspaceState, status};

/// All workspaces of a user that are not deleted, with the daemons of their latest builds.
///
/// # Errors
/// The store's.
pub fn of_owner(db: &Db, owner: UserId) -> Result<Snapshot> {
    let mut workspaces = BTreeMap::new();
    let mut find = db.prepare_cached(
        "SELECT w.id, w.name, coalesce(j.status, '') AS job, coalesce(b.transition, '') AS transition
         FROM workspaces w
         LEFT JOIN builds b ON b.workspace_id = w.id
             AND b.build_number = (SELECT max(build_number) FROM builds WHERE workspace_id = w.id)
         LEFT JOIN jobs j ON j.id = b.job_id
         WHERE w.owner_id = ?1 AND w.deleted = 0",
    )?;
    let mut rows = find.query([owner.to_string()])?;
    while let Some(row) = rows.next()? {
        let id: WorkspaceId = row.id("id")?;
        let status = status(&row.text("job")?, &row.text("transition")?);
        workspaces.insert(id, WorkspaceState { name: row.text("name")?, status, agents: BTreeMap::new() });
    }
    let mut find = db.prepare_cached(
        "SELECT a.id, a.name, a.workspace_id FROM agents a JOIN workspaces w ON w.id = a.workspace_id
         WHERE w.owner_id = ?1 AND w.deleted = 0 AND a.retired = 0",
    )?;
    let mut rows = find.query([owner.to_string()])?;
    while let Some(row) = rows.next()? {
        let (agent, workspace): (AgentId, WorkspaceId) = (row.id("id")?, row.id("workspace_id")?);
        if let Some(workspace) = workspaces.get_mut(&workspace) {
            workspace.agents.insert(agent, row.text("name")?);
        }
    }
    Ok(Snapshot { workspaces })
}
