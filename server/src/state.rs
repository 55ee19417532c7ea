//! What every part of the running server shares: store, settings, events, the mesh half. No rules.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use proto::id::{AgentId, BuildId, JobId, UserId, WorkspaceId};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::builds::Builds;
use crate::config::Config;
use crate::net::Net;
use crate::store::Store;

/// Events that a slow listener may lag behind before it must look at everything again.
const EVENTS: usize = 4096;

/// Something changed; the store already has the new value when this is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A workspace or its latest build: anything that `GET workspaces/{id}` shows, daemons included.
    Workspace { workspace: WorkspaceId, owner: UserId },
    /// A build's job moved on.
    Build { build: BuildId, workspace: WorkspaceId },
    /// A job has new log lines.
    JobLogs { job: JobId },
    /// A daemon connected, disconnected, or moved on in its life.
    Agent { agent: AgentId, workspace: WorkspaceId },
    /// A daemon has new log lines.
    AgentLogs { agent: AgentId },
    /// A daemon's token is void: its connections must end.
    AgentRetired { agent: AgentId },
    /// A session key is void (logged out, deleted): its connections must end.
    KeyRevoked { key: String },
}

/// The bus of events. A receiver that lagged must treat everything as changed.
#[derive(Clone)]
pub struct Events(broadcast::Sender<Event>);

impl Default for Events {
    fn default() -> Self {
        Self(broadcast::channel(EVENTS).0)
    }
}

impl Events {
    /// Tells everybody who listens.
    pub fn send(&self, event: Event) {
        // Nobody listening is fine.
        let _ = self.0.send(event);
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}

/// Handle of the running server; clones share it.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The shared parts; reach them through [`AppState`].
pub struct Shared {
    pub config: Config,
    pub store: Store,
    pub events: Events,
    /// Where clients and daemons reach this server. Ends with `/`.
    pub access_url: Url,
    /// Where the daemons of this computer reach this server: the listener itself. Ends with `/`.
    pub daemon_url: Url,
    /// Stays the same over restarts.
    pub deployment_id: Uuid,
    /// Cancelled when the server is asked to stop: long-lived connections end.
    pub stop: CancellationToken,
    /// Coordinator, relay, STUN, connected daemons.
    pub net: Net,
    /// Queue of builds and the daemons that run here.
    pub builds: Builds,
    /// The slowing of password guesses.
    pub logins: crate::http::limit::Limits,
    /// One-use codes for browsers.
    pub codes: crate::codes::Codes,
    /// The hash of the program that new machines fetch.
    pub hashed: crate::http::downloads::Hashed,
}

impl AppState {
    /// Shares the parts.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Folder of one workspace's files: state, logs, home of `process` workspaces.
    #[must_use]
    pub fn workspace_folder(&self, workspace: WorkspaceId) -> PathBuf {
        self.config.data_dir.join("workspaces").join(workspace.to_string())
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
