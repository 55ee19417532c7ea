//! A workspace as a row: what the list needs of a REST body, and how its state is said in words and as a shape. Pure.

use proto::id::{AgentId, BuildId, TemplateVersionId, WorkspaceId};
use proto::rest::agent::{Agent, AgentLifecycle, AgentStatus};
use proto::rest::build::{Transition, WorkspaceStatus};
use proto::rest::job::JobStatus;
use proto::rest::workspace::Workspace;
use time::OffsetDateTime;

use crate::label::{harmless, shorten};

/// Longest reason of a failure that is kept.
const MAX_REASON: usize = 300;
/// Most daemons and apps of one workspace that are shown; a menu with more helps nobody.
const MAX_DAEMONS: usize = 16;
const MAX_APPS: usize = 32;

/// A workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: WorkspaceId,
    pub owner: String,
    pub name: String,
    pub status: WorkspaceStatus,
    pub is_favourite: bool,
    /// The template has a newer version.
    pub is_outdated: bool,
    pub newest: TemplateVersionId,
    /// When it stops by itself.
    pub deadline: Option<OffsetDateTime>,
    /// When somebody used it last, as the deployment writes it down every few minutes.
    pub last_used: OffsetDateTime,
    pub build: BuildId,
    pub build_number: i32,
    pub transition: Transition,
    /// Whether the build runs on.
    pub is_building: bool,
    /// Place in the queue, from 1, while it waits.
    pub queue: Option<i64>,
    /// Why the last build failed; empty otherwise.
    pub reason: String,
    pub daemons: Vec<Daemon>,
}

/// A workspace daemon.
#[derive(Debug, Clone, PartialEq)]
pub struct Daemon {
    pub id: AgentId,
    pub name: String,
    pub is_sub: bool,
    pub system: String,
    /// Where a shell begins, in full.
    pub folder: String,
    pub status: AgentStatus,
    pub lifecycle: AgentLifecycle,
    pub apps: Vec<App>,
}

/// An app of a daemon.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    pub slug: String,
    pub title: String,
    /// The address, for an app that is no page of the deployment.
    pub external: Option<String>,
}

impl Row {
    /// What is needed of a workspace.
    pub fn of(workspace: &Workspace) -> Self {
        let build = &workspace.latest_build;
        let agents = build.resources.iter().flat_map(|resource| &resource.agents);
        Self {
            id: workspace.id,
            owner: workspace.owner_name.clone(),
            name: workspace.name.clone(),
            status: build.status,
            is_favourite: workspace.favorite,
            is_outdated: workspace.outdated,
            newest: workspace.template_active_version_id,
            deadline: build.deadline.filter(|deadline| !deadline.is_zero()).map(|deadline| deadline.0),
            last_used: workspace.last_used_at.0,
            build: build.id,
            build_number: build.build_number,
            transition: build.transition,
            is_building: !build.job.status.is_final() && build.job.status != JobStatus::Unknown,
            queue: Some(build.job.queue_position)
                .filter(|position| *position > 0 && build.job.status == JobStatus::Pending),
            reason: shorten(&harmless(&build.job.error), MAX_REASON),
            daemons: agents.take(MAX_DAEMONS).map(Daemon::of).collect(),
        }
    }

    /// Whether it will look different soon, so that the list is read again soon.
    pub fn is_settling(&self) -> bool {
        let is_waking = |daemon: &Daemon| {
            daemon.status == AgentStatus::Connecting
                || matches!(daemon.lifecycle, AgentLifecycle::Created | AgentLifecycle::Starting)
        };
        self.is_building || (self.status == WorkspaceStatus::Running && self.daemons.iter().any(is_waking))
    }

    /// Whether somebody can work in it now.
    pub fn is_usable(&self) -> bool {
        self.status == WorkspaceStatus::Running
            && self.daemons.iter().any(|daemon| daemon.status == AgentStatus::Connected)
    }

    /// The state as a shape, for eyes that do not read.
    pub fn shape(&self) -> char {
        match self.status {
            WorkspaceStatus::Running if self.trouble().is_some() => '▲',
            WorkspaceStatus::Running if self.is_usable() => '●',
            WorkspaceStatus::Running
            | WorkspaceStatus::Pending
            | WorkspaceStatus::Starting
            | WorkspaceStatus::Stopping
            | WorkspaceStatus::Canceling
            | WorkspaceStatus::Deleting => '◐',
            WorkspaceStatus::Failed => '▲',
            _ => '○',
        }
    }

    /// The state in words.
    pub fn words(&self) -> String {
        let word = match self.status {
            WorkspaceStatus::Running => match self.trouble() {
                Some(trouble) => trouble,
                None if self.daemons.is_empty() => "running",
                None if !self.is_usable() => "running, its daemon connects",
                None if self.is_settling() => "running, start scripts run",
                None => "running",
            },
            WorkspaceStatus::Pending => match self.transition {
                Transition::Stop => "waits to stop",
                Transition::Delete => "waits to be deleted",
                _ => "waits to start",
            },
            WorkspaceStatus::Starting => "starting",
            WorkspaceStatus::Stopping => "stopping",
            WorkspaceStatus::Stopped => "stopped",
            WorkspaceStatus::Failed => match self.transition {
                Transition::Stop => "stopping failed",
                Transition::Delete => "deleting failed",
                _ => "starting failed",
            },
            WorkspaceStatus::Canceling => "canceling",
            WorkspaceStatus::Canceled => "canceled",
            WorkspaceStatus::Deleting => "deleting",
            WorkspaceStatus::Deleted => "deleted",
            WorkspaceStatus::Unknown => "in an unknown state",
        };
        match self.queue {
            Some(position) => format!("{word}, number {position} in the queue"),
            None => word.to_owned(),
        }
    }

    /// What is wrong with the daemons of a running workspace.
    fn trouble(&self) -> Option<&'static str> {
        self.daemons.iter().find_map(|daemon| match (daemon.status, daemon.lifecycle) {
            (AgentStatus::Disconnected, _) => Some("running, its daemon is disconnected"),
            (AgentStatus::Timeout, _) => Some("running, its daemon does not connect"),
            (_, AgentLifecycle::StartError) => Some("running, a start script failed"),
            (_, AgentLifecycle::StartTimeout) => Some("running, a start script takes too long"),
            _ => None,
        })
    }
}

impl Daemon {
    fn of(agent: &Agent) -> Self {
        let folder = if agent.expanded_directory.is_empty() { &agent.directory } else { &agent.expanded_directory };
        let is_shown = |app: &&proto::rest::app::App| !app.hidden && app.command.is_empty();
        Self {
            id: agent.id,
            name: agent.name.clone(),
            is_sub: agent.parent_id.is_some(),
            system: agent.operating_system.clone(),
            folder: folder.clone(),
            status: agent.status,
            lifecycle: agent.lifecycle_state,
            apps: agent.apps.iter().filter(is_shown).take(MAX_APPS).map(App::of).collect(),
        }
    }
}

impl App {
    fn of(app: &proto::rest::app::App) -> Self {
        let title = if app.display_name.is_empty() { &app.slug } else { &app.display_name };
        Self { slug: app.slug.clone(), title: title.clone(), external: app.external.then(|| app.url.clone()) }
    }
}

#[cfg(test)]
pub mod tests;
