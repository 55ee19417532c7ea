//! What every session in this workspace needs to know and tell: the facts of the manifest, the switches, who is connected.
//! Not for talking to the server: connects and disconnects leave through a queue that the run loop reports from.
//!
//! ```text
//!  run loop ── set_facts ──► SessionContext ◄── facts() ── ssh / pty / command
//!  run loop ◄── SessionEvent (queue) ── begin() … finish() ── ssh / pty
//! ```

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use proto::secret::Secret;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Events kept while the server is out of reach; what does not fit is dropped with a warning (spec: agent-rpc.md 6).
pub const EVENT_QUEUE: usize = 2048;

/// What the manifest, the banners and the process itself say. Replaced as a whole after every reconnect.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Name of this daemon inside the workspace.
    pub agent_name: String,
    pub workspace_name: String,
    pub workspace_id: Uuid,
    /// User name of the workspace's owner.
    pub owner: String,
    /// Variables of the template; values may contain `$NAME`, which is expanded when a command starts.
    pub environment: BTreeMap<String, String>,
    /// Working directory as the template wrote it: `~`, `$NAME` and relative paths are resolved when a command starts.
    pub directory: String,
    /// File whose text greets a login shell; empty for none.
    pub motd_path: String,
    /// Pattern of forwarded-port addresses; empty when the deployment has no wildcard host.
    pub vscode_proxy_uri: String,
    /// Secrets that reach commands as variables.
    pub secrets: Vec<EnvironmentSecret>,
    /// Announcements, first to last, shown before the MOTD.
    pub banners: Vec<String>,
    /// The daemon's own token: `coder` commands inside the workspace authenticate with it.
    pub token: Option<Secret>,
    /// Address of the deployment, for commands when the daemon's own environment does not carry it.
    pub access_url: String,
    /// The running program, used for `GIT_SSH_COMMAND` and `GIT_ASKPASS`.
    pub executable: PathBuf,
    /// Folder put in front of `PATH`, when scripts have one.
    pub script_bin_dir: Option<PathBuf>,
}

/// A secret that a command sees as variable `name`.
#[derive(Clone, Debug)]
pub struct EnvironmentSecret {
    pub name: String,
    pub value: Secret,
}

/// What the operator switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// `CODER_AGENT_BLOCK_FILE_TRANSFER`: no SFTP, no nc, rsync, scp, sftp.
    pub block_file_transfer: bool,
    /// `CODER_AGENT_BLOCK_REVERSE_PORT_FORWARDING`: no `ssh -R`.
    pub block_reverse_forwarding: bool,
    /// `CODER_AGENT_BLOCK_LOCAL_PORT_FORWARDING`: no `ssh -L`.
    pub block_local_forwarding: bool,
}

/// What a session is used by, as the statistics and connection reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    Ssh,
    VsCode,
    JetBrains,
    ReconnectingPty,
}

impl SessionKind {
    /// The kind a client names in `CODER_SSH_SESSION_TYPE`; anything unknown is plain SSH.
    #[must_use]
    pub fn from_session_type(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "vscode" => Self::VsCode,
            "jetbrains" => Self::JetBrains,
            _ => Self::Ssh,
        }
    }
}

/// One line of the connection log.
#[derive(Clone, Debug)]
pub struct SessionEvent {
    /// The same id for the connect and the disconnect of a session.
    pub id: Uuid,
    pub kind: SessionKind,
    pub at: OffsetDateTime,
    /// Address of the peer inside the mesh, when known.
    pub ip: Option<IpAddr>,
    pub change: SessionChange,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    Connected,
    Disconnected { exit_code: i32, reason: Option<String> },
}

/// Open sessions by kind, for the statistics report.
#[derive(Debug, Default)]
pub struct SessionCounts {
    ssh: AtomicI64,
    vscode: AtomicI64,
    jetbrains: AtomicI64,
    reconnecting_pty: AtomicI64,
}

impl SessionCounts {
    /// How many sessions of `kind` are open now.
    #[must_use]
    pub fn open(&self, kind: SessionKind) -> i64 {
        self.of(kind).load(Ordering::Relaxed)
    }

    fn of(&self, kind: SessionKind) -> &AtomicI64 {
        match kind {
            SessionKind::Ssh => &self.ssh,
            SessionKind::VsCode => &self.vscode,
            SessionKind::JetBrains => &self.jetbrains,
            SessionKind::ReconnectingPty => &self.reconnecting_pty,
        }
    }
}

/// An open session, for the person whose computer this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    id: Uuid,
    pub kind: SessionKind,
    pub since: OffsetDateTime,
    /// Address of the peer inside the mesh, when known.
    pub ip: Option<IpAddr>,
}

/// Shared by all services of the daemon.
#[derive(Debug)]
pub struct SessionContext {
    facts: RwLock<Arc<Facts>>,
    pub policy: Policy,
    /// A silent SSH client is probed every third of this and dropped after three misses (`CODER_AGENT_SSH_MAX_TIMEOUT`).
    pub ssh_max_timeout: Duration,
    pub counts: SessionCounts,
    /// Open sessions, oldest first; their number is bounded by the places that peers have.
    open: Mutex<Vec<Open>>,
    events: mpsc::Sender<SessionEvent>,
}

/// Default of [`SessionContext::ssh_max_timeout`].
pub const SSH_MAX_TIMEOUT: Duration = Duration::from_secs(72 * 3600);

impl SessionContext {
    /// A context and the queue its events leave by.
    #[must_use]
    pub fn new(facts: Facts, policy: Policy, ssh_max_timeout: Duration) -> (Arc<Self>, mpsc::Receiver<SessionEvent>) {
        let (events, receiver) = mpsc::channel(EVENT_QUEUE);
        let context = Self {
            facts: RwLock::new(Arc::new(facts)),
            policy,
            ssh_max_timeout,
            counts: SessionCounts::default(),
            open: Mutex::default(),
            events,
        };
        (Arc::new(context), receiver)
    }

    /// The facts as they are now; a session that started keeps the ones it started with.
    #[must_use]
    pub fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the facts: after a manifest, or when the banners changed.
    pub fn set_facts(&self, facts: Facts) {
        *self.facts.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(facts);
    }

    /// Sessions that are open now, oldest first.
    #[must_use]
    pub fn open_sessions(&self) -> Vec<Open> {
        self.open().clone()
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts and reports a session from now until the guard is finished or dropped.
    #[must_use]
    pub fn begin(self: &Arc<Self>, kind: SessionKind, ip: Option<IpAddr>) -> SessionGuard {
        let guard = SessionGuard {
            context: Arc::clone(self),
            id: Uuid::new_v4(),
            kind,
            ip,
            end: (1, Some(CONNECTION_LOST.to_owned())),
        };
        self.counts.of(kind).fetch_add(1, Ordering::Relaxed);
        self.open().push(Open { id: guard.id, kind, since: OffsetDateTime::now_utc(), ip });
        guard.report(SessionChange::Connected);
        guard
    }
}

/// The reason of a session that nobody finished in order.
const CONNECTION_LOST: &str = "connection lost";

/// One open session; dropping it ends the count and reports the disconnect.
#[derive(Debug)]
pub struct SessionGuard {
    context: Arc<SessionContext>,
    id: Uuid,
    kind: SessionKind,
    ip: Option<IpAddr>,
    end: (i32, Option<String>),
}

impl SessionGuard {
    /// The id both reports carry.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Ends the session with the exit code of its program and, when something went wrong, why.
    pub fn finish(mut self, exit_code: i32, reason: Option<String>) {
        self.end = (exit_code, reason);
    }

    fn report(&self, change: SessionChange) {
        let event = SessionEvent { id: self.id, kind: self.kind, at: OffsetDateTime::now_utc(), ip: self.ip, change };
        if self.context.events.try_send(event).is_err() {
            tracing::warn!(id = %self.id, "dropped a connection report: the queue is full or its reader is gone");
        }
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.context.counts.of(self.kind).fetch_sub(1, Ordering::Relaxed);
        self.context.open().retain(|open| open.id != self.id);
        let (exit_code, reason) = std::mem::take(&mut self.end);
        self.report(SessionChange::Disconnected { exit_code, reason });
    }
}
