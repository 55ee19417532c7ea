//! Calls about workspaces, their builds and their daemons (spec `rest-api.md` 4 and 5).

use proto::id::{AgentId, BuildId, WorkspaceId};
use proto::rest::agent::{Agent, AgentLog, ExternalAgentCredentials, ListeningPorts};
use proto::rest::build::{Build, CreateBuild};
use proto::rest::job::JobLog;
use proto::rest::workspace::{CreateWorkspace, Workspace, WorkspaceList, WorkspaceUsage};
use reqwest::Method;

use crate::socket::JsonSocket;
use crate::{ClientError, Deployment};

/// How many workspaces are asked for at a time.
const PAGE: usize = 100;
/// More pages than any person looks at; a server that never ends its list must not hold us for ever.
const MAX_PAGES: usize = 100;

impl Deployment {
    /// All workspaces that match a search (`owner:me`, `name:box`, …).
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn workspaces(&self, search: &str) -> Result<Vec<Workspace>, ClientError> {
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let (limit, offset) = (PAGE.to_string(), all.len().to_string());
            let query = [("q", search), ("limit", limit.as_str()), ("offset", offset.as_str())];
            let page: WorkspaceList = self.get(&["workspaces"], &query).await?;
            let (got, total) = (page.workspaces.len(), usize::try_from(page.count).unwrap_or_default());
            all.extend(page.workspaces);
            if got < PAGE || all.len() >= total {
                break;
            }
        }
        Ok(all)
    }

    /// A workspace by id.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn workspace(&self, id: WorkspaceId) -> Result<Workspace, ClientError> {
        self.get(&["workspaces", &id.to_string()], &[]).await
    }

    /// A workspace by owner (id, username or `me`) and name.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn workspace_of(&self, owner: &str, name: &str) -> Result<Workspace, ClientError> {
        self.get(&["users", owner, "workspace", name], &[]).await
    }

    /// Creates a workspace; its first build is queued.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn create_workspace(&self, owner: &str, wanted: &CreateWorkspace) -> Result<Workspace, ClientError> {
        self.send(Method::POST, &["users", owner, "workspaces"], wanted).await
    }

    /// Queues a build.
    ///
    /// # Errors
    /// [`ClientError`]; 409 when another build runs.
    pub async fn create_build(&self, workspace: WorkspaceId, wanted: &CreateBuild) -> Result<Build, ClientError> {
        self.send(Method::POST, &["workspaces", &workspace.to_string(), "builds"], wanted).await
    }

    /// A build by id.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn build(&self, id: BuildId) -> Result<Build, ClientError> {
        self.get(&["workspacebuilds", &id.to_string()], &[]).await
    }

    /// Asks for a build to be canceled.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn cancel_build(&self, id: BuildId) -> Result<(), ClientError> {
        self.order(Method::PATCH, &["workspacebuilds", &id.to_string(), "cancel"]).await
    }

    /// The log of a build behind line `after`, as it is written; it ends with the build.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn follow_build_log(&self, id: BuildId, after: i64) -> Result<JsonSocket<JobLog>, ClientError> {
        let after = after.to_string();
        let query = [("follow", "true"), ("after", after.as_str())];
        JsonSocket::open(self, &["workspacebuilds", &id.to_string(), "logs"], &query).await
    }

    /// A workspace daemon by id.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn agent(&self, id: AgentId) -> Result<Agent, ClientError> {
        self.get(&["workspaceagents", &id.to_string()], &[]).await
    }

    /// The log of a workspace daemon behind line `after`, as it is written.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn follow_agent_log(&self, id: AgentId, after: i64) -> Result<JsonSocket<AgentLog>, ClientError> {
        let after = after.to_string();
        let query = [("follow", "true"), ("after", after.as_str()), ("no_compression", "true")];
        JsonSocket::open(self, &["workspaceagents", &id.to_string(), "logs"], &query).await
    }

    /// What the daemon of an external workspace needs. A secret: it lets its holder be the workspace.
    ///
    /// # Errors
    /// [`ClientError`]; 403 or 404 where the deployment has no external workspaces.
    pub async fn external_credentials(
        &self,
        workspace: WorkspaceId,
        daemon: &str,
    ) -> Result<ExternalAgentCredentials, ClientError> {
        self.get(&["workspaces", &workspace.to_string(), "external-agent", daemon, "credentials"], &[]).await
    }

    /// On which ports something in the workspace listens.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn listening_ports(&self, id: AgentId) -> Result<ListeningPorts, ClientError> {
        self.get(&["workspaceagents", &id.to_string(), "listening-ports"], &[]).await
    }

    /// Says that the workspace is in use, so that it does not stop under its user.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn report_usage(&self, workspace: WorkspaceId, usage: &WorkspaceUsage) -> Result<(), ClientError> {
        self.order_with(Method::POST, &["workspaces", &workspace.to_string(), "usage"], usage).await
    }
}
