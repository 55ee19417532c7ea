//! WorkspaceUpdates: a user's workspaces as a snapshot, then differences that always fit what was said before (spec
//! `tailnet.md` 7). A client that is told of an unknown workspace or agent gives up, so consistency is the whole point.
//!
//! Pure. Not here: reading the store, the stream ([`super::tailnet_api`]).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use proto::id::{AgentId, WorkspaceId};
use proto::tailnet::{Agent, Workspace, WorkspaceStatus, WorkspaceUpdate};

/// Everything a client may know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// By id.
    pub workspaces: BTreeMap<WorkspaceId, WorkspaceState>,
}

/// One workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceState {
    /// Its name.
    pub name: String,
    /// From its latest build.
    pub status: WorkspaceStatus,
    /// Names of the daemons of its latest build.
    pub agents: BTreeMap<AgentId, String>,
}

/// What to say first on a stream: everything, even when that is nothing.
#[must_use]
pub fn first(new: &Snapshot) -> WorkspaceUpdate {
    between(&Snapshot::default(), new)
}

/// What to say to a client that knows `old`; `None` when nothing changed for it.
#[must_use]
pub fn diff(old: &Snapshot, new: &Snapshot) -> Option<WorkspaceUpdate> {
    let update = between(old, new);
    (update != WorkspaceUpdate::default()).then_some(update)
}

fn between(old: &Snapshot, new: &Snapshot) -> WorkspaceUpdate {
    let mut update = WorkspaceUpdate::default();
    let nothing = BTreeMap::new();
    for (id, now) in &new.workspaces {
        let before = old.workspaces.get(id);
        if before.is_none_or(|before| (&before.name, before.status) != (&now.name, now.status)) {
            update.upserted_workspaces.push(workspace(*id, now));
        }
        let known = before.map_or(&nothing, |before| &before.agents);
        for (agent, name) in known.iter().filter(|(agent, name)| now.agents.get(*agent) != Some(*name)) {
            update.deleted_agents.push(self::agent(*agent, name, *id));
        }
        for (agent, name) in now.agents.iter().filter(|(agent, name)| known.get(*agent) != Some(*name)) {
            update.upserted_agents.push(self::agent(*agent, name, *id));
        }
    }
    for (id, before) in old.workspaces.iter().filter(|(id, _)| !new.workspaces.contains_key(id)) {
        update.deleted_workspaces.push(workspace(*id, before));
        update.deleted_agents.extend(before.agents.iter().map(|(agent, name)| self::agent(*agent, name, *id)));
    }
    update
}

fn workspace(id: WorkspaceId, state: &WorkspaceState) -> Workspace {
    Workspace { id: id.to_wire(), name: state.name.clone(), status: state.status.into() }
}

fn agent(id: AgentId, name: &str, workspace: WorkspaceId) -> Agent {
    Agent { id: id.to_wire(), name: name.to_owned(), workspace_id: workspace.to_wire() }
}

/// State of a workspace whose latest build's job and transition have these words. No build at all is unknown.
#[must_use]
pub fn status(job: &str, transition: &str) -> WorkspaceStatus {
    use WorkspaceStatus::{
        Canceled, Canceling, Deleted, Deleting, Failed, Pending, Running, Starting, Stopped, Stopping, Unknown,
    };
    match (job, transition) {
        ("pending", _) => Pending,
        ("running", "start") => Starting,
        ("running", "stop") => Stopping,
        ("running", "delete") => Deleting,
        ("succeeded", "start") => Running,
        ("succeeded", "stop") => Stopped,
        ("succeeded", "delete") => Deleted,
        ("canceling", _) => Canceling,
        ("canceled", _) => Canceled,
        ("failed", _) => Failed,
        _ => Unknown,
    }
}
