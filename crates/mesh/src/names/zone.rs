//! The workspaces and daemons of one deployment, and their names.
//!
//! The first update of every stream is a snapshot that replaces everything; the following ones are differences. An
//! update that names something unknown means that we and the server disagree: the stream must be opened again.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use proto::address::{PREFIX, under};
use proto::id::{AgentId, IdLength, WorkspaceId};
use proto::tailnet::WorkspaceUpdate;

use super::suffix::Suffix;

/// Most workspaces and most daemons of one person that are kept.
pub const MAX_ROWS: usize = 10_000;
/// Longest label of DNS.
const MAX_LABEL: usize = 63;

/// Why an update cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// An id of another length.
    #[error(transparent)]
    Id(#[from] IdLength),
    /// A daemon of a workspace that was never told, or the end of something that was not there.
    #[error("the server speaks of {0} which it never announced")]
    Unknown(&'static str),
    /// More than [`MAX_ROWS`].
    #[error("more than {MAX_ROWS} workspaces or workspace daemons")]
    TooMany,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Zone {
    suffix: Suffix,
    owner: String,
    is_fresh: bool,
    is_known: bool,
    workspaces: BTreeMap<WorkspaceId, String>,
    agents: BTreeMap<AgentId, (WorkspaceId, String)>,
}

/// A daemon with its names, shortest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The daemon.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The workspace's name.
    pub workspace_name: String,
    /// Where its names lead.
    pub address: Ipv6Addr,
    /// The names, lower case, with suffix, without final dot. Empty when a part is no label of DNS.
    pub hostnames: Vec<String>,
}

impl Zone {
    /// An empty zone of this owner. Nothing is answered for it before its first update.
    #[must_use]
    pub fn new(suffix: Suffix, owner: &str) -> Self {
        Self {
            suffix,
            owner: owner.to_ascii_lowercase(),
            is_fresh: true,
            is_known: false,
            workspaces: BTreeMap::new(),
            agents: BTreeMap::new(),
        }
    }

    /// A new stream was opened: its first update replaces everything. Until then the old names are answered.
    pub fn begin(&mut self) {
        self.is_fresh = true;
    }

    /// Applies an update.
    ///
    /// # Errors
    /// [`ZoneError`]; the zone is then as it was, and the stream must be opened again.
    pub fn apply(&mut self, update: &WorkspaceUpdate) -> Result<(), ZoneError> {
        let fresh = (BTreeMap::new(), BTreeMap::new());
        let (mut workspaces, mut agents) =
            if self.is_fresh { fresh } else { (self.workspaces.clone(), self.agents.clone()) };
        for workspace in &update.upserted_workspaces {
            workspaces.insert(WorkspaceId::from_wire(&workspace.id)?, workspace.name.to_ascii_lowercase());
        }
        for agent in &update.deleted_agents {
            agents.remove(&AgentId::from_wire(&agent.id)?).ok_or(ZoneError::Unknown("a workspace daemon"))?;
        }
        for workspace in &update.deleted_workspaces {
            let id = WorkspaceId::from_wire(&workspace.id)?;
            workspaces.remove(&id).ok_or(ZoneError::Unknown("a workspace"))?;
            agents.retain(|_, (of, _)| *of != id);
        }
        for agent in &update.upserted_agents {
            let workspace = WorkspaceId::from_wire(&agent.workspace_id)?;
            if !workspaces.contains_key(&workspace) {
                return Err(ZoneError::Unknown("the workspace of a workspace daemon"));
            }
            agents.insert(AgentId::from_wire(&agent.id)?, (workspace, agent.name.to_ascii_lowercase()));
        }
        if workspaces.len() > MAX_ROWS || agents.len() > MAX_ROWS {
            return Err(ZoneError::TooMany);
        }
        (self.workspaces, self.agents, self.is_fresh, self.is_known) = (workspaces, agents, false, true);
        Ok(())
    }

    /// The suffix.
    #[must_use]
    pub fn suffix(&self) -> &Suffix {
        &self.suffix
    }

    /// Whether an update was ever applied: only then do we know what does not exist.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// Every daemon; the mesh needs a tunnel to each.
    pub fn agents(&self) -> impl Iterator<Item = AgentId> {
        self.agents.keys().copied()
    }

    /// Every daemon with its names.
    #[must_use]
    pub fn named(&self) -> Vec<Named> {
        let mut in_workspace = BTreeMap::<WorkspaceId, usize>::new();
        self.agents.values().for_each(|(workspace, _)| *in_workspace.entry(*workspace).or_default() += 1);
        let named = |(id, (workspace, name)): (&AgentId, &(WorkspaceId, String))| {
            let workspace_name = self.workspaces.get(workspace)?;
            let is_only = in_workspace.get(workspace) == Some(&1);
            let hostnames = self.hostnames(name, workspace_name, is_only);
            let (name, workspace_name) = (name.clone(), workspace_name.clone());
            let address = under(PREFIX, id.0);
            Some(Named { id: *id, name, workspace: *workspace, workspace_name, address, hostnames })
        };
        self.agents.iter().filter_map(named).collect()
    }

    fn hostnames(&self, agent: &str, workspace: &str, is_only: bool) -> Vec<String> {
        let Self { suffix, owner, .. } = self;
        let mut names = Vec::with_capacity(3);
        if !is_label(workspace) {
            return names;
        }
        if is_only {
            names.push(format!("{workspace}.{suffix}"));
        }
        if is_label(agent) {
            names.push(format!("{agent}.{workspace}.me.{suffix}"));
            if is_label(owner) && owner != "me" {
                names.push(format!("{agent}.{workspace}.{owner}.{suffix}"));
            }
        }
        names
    }
}

/// Whether a part of a name can be a label. Names that others may choose must not turn into several labels.
fn is_label(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=MAX_LABEL).contains(&text.len()) && text.bytes().all(inside)
}
