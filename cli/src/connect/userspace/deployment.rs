//! One deployment of user-space mode: asks who we are, starts a mesh, keeps control, tells what changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use client::control::{Follower, Scope};
use client::{ClientError, Deployment, DialError};
use mesh::Mesh;
use mesh::names::{Named, Suffix, Zone};
use proto::id::{AgentId, UserId};
use proto::ipc::{DeploymentState as State, DeploymentStatus, Description, Health, HealthCode};
use proto::rest::agent::ConnectionInfo;
use proto::tailnet::WorkspaceUpdate;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use url::Url;

use super::daemon::Seen;
use crate::session;
use crate::session::control::Joined;

/// Pauses between questions to a deployment that does not answer: doubled from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(10);

/// Everything that the loop hears of deployments and daemons.
pub enum News {
    /// A mesh was started for the deployment with this URL.
    Mesh(String, Mesh),
    /// Where it stands.
    Status(DeploymentStatus),
    /// Its daemons, all of them.
    Named(String, Vec<Named>),
    /// A look at a daemon.
    Seen(AgentId, Seen),
}

/// A running deployment; ends when it is dropped.
pub struct Worker {
    task: AbortHandle,
    redial: Arc<Notify>,
}

impl Worker {
    /// The network changed.
    pub fn wake(&self) {
        self.redial.notify_waiters();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts it.
pub fn start(description: Description, relay_only: bool, news: mpsc::UnboundedSender<News>) -> Worker {
    let redial = Arc::new(Notify::new());
    let task = tokio::spawn(run(description, relay_only, Teller::new(news), redial.clone()));
    Worker { task: task.abort_handle(), redial }
}

async fn run(description: Description, relay_only: bool, mut teller: Teller, redial: Arc<Notify>) {
    teller.status.url = description.url.clone();
    teller.tell(State::Asking, Vec::new());
    let mut pause = FIRST_PAUSE;
    let (deployment, user, username, suffix, mesh) = loop {
        let asked = async {
            let (deployment, user, username, suffix, info) = ask(&description).await?;
            let mesh = session::start(&info, relay_only).await;
            let mesh = mesh.map_err(|error| Health::new(HealthCode::NoNetwork, error.to_string()))?;
            Ok::<_, Health>((deployment, user, username, suffix, mesh))
        };
        match asked.await {
            Ok(asked) => break asked,
            Err(health) if is_final(health.code) => return teller.tell(State::Failed, vec![health]),
            Err(health) => teller.tell(State::Asking, vec![health]),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LAST_PAUSE),
            () = redial.notified() => pause = FIRST_PAUSE,
        }
    };
    teller.status.suffix = Some(suffix.to_string());
    teller.tell(State::Dialling, Vec::new());
    teller.say(News::Mesh(description.url, mesh.clone()));
    let follower =
        Following { teller, zone: Zone::new(suffix, &username), mesh: mesh.clone(), tunnels: BTreeSet::new() };
    client::control::run(Joined(mesh), deployment, Scope::Owner(user), follower, redial).await;
}

async fn ask(description: &Description) -> Result<(Deployment, UserId, String, Suffix, ConnectionInfo), Health> {
    let refused = |error: ClientError| match error.status() {
        Some(401) => Health::new(HealthCode::TokenRefused, error.to_string()),
        Some(404) => Health::new(HealthCode::DeploymentTooOld, error.to_string()),
        _ => Health::new(HealthCode::DeploymentUnreachable, chain(&error)),
    };
    let url = Url::parse(&description.url).map_err(|_| Health::new(HealthCode::DeploymentUnreachable, "not a URL"))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let deployment = Deployment::new(url, description.token.clone()).map_err(refused)?;
    let user = deployment.user("me").await.map_err(refused)?;
    let info = deployment.connection_info().await.map_err(refused)?;
    let suffix = Suffix::new(&info.hostname_suffix, &host);
    let suffix = suffix.map_err(|error| Health::new(HealthCode::SuffixRefused, error.to_string()))?;
    Ok((deployment, user.id, user.username, suffix, info))
}

fn is_final(code: HealthCode) -> bool {
    matches!(code, HealthCode::TokenRefused | HealthCode::DeploymentTooOld | HealthCode::SuffixRefused)
}

/// An error with the last of its causes, which says what happened.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let last = client::error::causes(error).skip(1).last();
    last.map_or_else(|| error.to_string(), |last| format!("{error}: {last}"))
}

/// Tells the loop where the deployment stands.
struct Teller {
    news: mpsc::UnboundedSender<News>,
    status: DeploymentStatus,
}

impl Teller {
    fn new(news: mpsc::UnboundedSender<News>) -> Self {
        let status =
            DeploymentStatus { url: String::new(), suffix: None, state: State::Asking, health: Vec::new(), names: 0 };
        Self { news, status }
    }

    fn tell(&mut self, state: State, health: Vec<Health>) {
        (self.status.state, self.status.health) = (state, health);
        self.say(News::Status(self.status.clone()));
    }

    fn say(&self, news: News) {
        // Without the loop there is nobody to tell, and this task ends with it.
        let _ = self.news.send(news);
    }
}

/// Applies what control hears.
struct Following {
    teller: Teller,
    zone: Zone,
    mesh: Mesh,
    tunnels: BTreeSet<AgentId>,
}

impl Follower for Following {
    fn connected(&mut self) {
        self.zone.begin();
        self.teller.tell(State::Connected, Vec::new());
    }

    fn lost(&mut self, why: &(dyn std::error::Error + Send + Sync + 'static)) {
        let state = if self.zone.is_known() { State::Reconnecting } else { State::Dialling };
        self.teller.tell(state, vec![Health::new(HealthCode::DeploymentUnreachable, chain(why))]);
    }

    fn refused(&mut self, why: DialError) {
        let code = match &why {
            DialError::Refused(refusal) if refusal.status == 401 => HealthCode::TokenRefused,
            _ => HealthCode::DeploymentTooOld,
        };
        self.teller.tell(State::Failed, vec![Health::new(code, why.to_string())]);
    }

    fn update(&mut self, update: WorkspaceUpdate) -> bool {
        if let Err(error) = self.zone.apply(&update) {
            tracing::debug!(%error, "the deployment's updates do not fit");
            return false;
        }
        let wanted: BTreeSet<AgentId> = self.zone.agents().collect();
        wanted.difference(&self.tunnels).for_each(|agent| self.mesh.add_tunnel((*agent).into()));
        self.tunnels.difference(&wanted).for_each(|agent| self.mesh.remove_tunnel((*agent).into()));
        self.tunnels = wanted;
        let named = self.zone.named();
        self.teller.status.names =
            u32::try_from(named.iter().map(|one| one.hostnames.len()).sum::<usize>()).unwrap_or(0);
        self.teller.tell(State::Connected, Vec::new());
        self.teller.say(News::Named(self.teller.status.url.clone(), named));
        true
    }
}
