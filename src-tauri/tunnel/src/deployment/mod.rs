//! One deployment in the tunnel: asks who we are and how to connect, runs an engine and its control connection, keeps
//! the names.
//!
//! ```text
//!   ask ── users/me, connection info, suffix ──► Mesh on the device ──► control: dial, feed, dial again
//!    ▲                                                                        │ updates
//!    └── refused, or unreachable: again after a pause, or when the network    ▼
//!        changes (at once)                                    Face: state, health, zone, daemons
//! ```
//!
//! The service looks at the face when it was stirred; the newest face is all that is kept, so a deployment cannot fill
//! the service's memory with news. Not here: what becomes of names and addresses (`state`).

mod ask;
mod follower;
mod show;
#[cfg(test)]
mod tests;
mod vitals;

use std::sync::Arc;
use std::time::Duration;

use client::Deployment;
use client::control::Scope;
use mesh::driver::{Outward, RelayTransport, Role, Unhandled};
use mesh::names::Zone;
use mesh::{Mesh, MeshConfig};
use proto::ipc::{DeploymentState, Description, HealthCode};
use proto::key::{DiscoPrivate, NodePrivate};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use crate::gate::Gate;
use crate::pump::{Board, Inward};
use crate::state::Key;
use ask::{Answers, Trouble, ask};
use follower::{Joined, Updates};
pub use show::Show;

/// Pauses between questions to a deployment that does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(10);
/// A deployment that does not say goodbye in this time is left without it.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a deployment is started with.
pub struct Start {
    /// Its key.
    pub key: Key,
    /// Where, and as whom.
    pub description: Description,
    /// Where its packets go.
    pub board: Arc<Board>,
    /// What may pass.
    pub gate: Arc<Gate>,
    /// Told whenever the face changed.
    pub stirred: Arc<Notify>,
    /// Whether somebody looks: only then are daemons measured.
    pub watched: watch::Receiver<bool>,
}

/// A deployment that runs.
pub struct Running {
    show: Arc<Show>,
    redial: Arc<Notify>,
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Running {
    /// Starts it.
    pub fn start(start: Start) -> Self {
        let show = Arc::new(Show::new(start.stirred.clone()));
        let (redial, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let task = tokio::spawn(run(start, show.clone(), redial.clone(), stop.clone()));
        Self { show, redial, stop, task }
    }

    /// What it shows of itself.
    pub fn show(&self) -> &Show {
        &self.show
    }

    /// The network changed: paths are distrusted, and the deployment is dialled anew.
    pub fn poke(&self) {
        if let Some(mesh) = self.show.mesh() {
            mesh.network_changed();
        }
        self.redial.notify_one();
    }

    /// Says goodbye and stops, within two seconds.
    pub async fn stop(self) {
        self.stop.notify_one();
        let abort = self.task.abort_handle();
        if tokio::time::timeout(2 * FAREWELL, self.task).await.is_err() {
            abort.abort();
        }
    }
}

/// Lives until it is told to stop, then says goodbye.
async fn run(start: Start, show: Arc<Show>, redial: Arc<Notify>, stop: Arc<Notify>) {
    let life = async {
        loop {
            let trouble = live(&start, &show, &redial).await;
            tracing::info!(code = ?trouble.health.code, "a deployment cannot be reached without a person");
            show.trouble(DeploymentState::Failed, trouble.health);
            // A machine wakes up elsewhere, a network changes: then it may be another story.
            redial.notified().await;
        }
    };
    let mut life = std::pin::pin!(life);
    tokio::select! {
        () = &mut life => {}
        () = stop.notified() => {}
    }
    if let Some(mesh) = show.mesh() {
        // The control connection carries the goodbye, so it lives on meanwhile.
        mesh.disconnect();
        let farewell = tokio::time::timeout(FAREWELL, mesh.shutdown());
        tokio::select! {
            _ = farewell => {}
            () = &mut life => {}
        }
    }
}

/// Ends with a trouble that only a person, or another network, can mend.
async fn live(start: &Start, show: &Arc<Show>, redial: &Arc<Notify>) -> Trouble {
    let (deployment, answers) = match answered(start, show, redial).await {
        Ok(found) => found,
        Err(trouble) => return trouble,
    };
    let (mesh, outward) = match engine(start, &answers).await {
        Ok(engine) => engine,
        Err(error) => return Trouble::last(HealthCode::MachineRefused, error.to_string()),
    };
    show.begin(answers.suffix.clone(), mesh.clone(), outward);
    let (refuse, refused) = oneshot::channel();
    let zone = Zone::new(answers.suffix, &answers.username);
    let updates = Updates::new(show.clone(), mesh.clone(), zone, refuse);
    let control =
        client::control::run(Joined(mesh.clone()), deployment, Scope::Owner(answers.me), updates, redial.clone());
    let vitals = vitals::watch(show, &mesh, start.watched.clone());
    let trouble = tokio::select! {
        biased;
        Ok(trouble) = refused => trouble,
        () = control => Trouble::last(HealthCode::DeploymentUnreachable, "its control connection ended"),
        () = vitals => Trouble::last(HealthCode::DeploymentUnreachable, "the service is ending"),
    };
    show.end();
    mesh.shutdown().await;
    trouble
}

/// Asks until there is an answer.
async fn answered(start: &Start, show: &Show, redial: &Notify) -> Result<(Deployment, Answers), Trouble> {
    let Description { url, token, .. } = &start.description;
    let refused = |text: String| Trouble::last(HealthCode::DeploymentUnreachable, text);
    let url = url.parse().map_err(|_| refused("its URL cannot be read".to_owned()))?;
    let deployment = Deployment::new(url, token.clone()).map_err(|error| refused(error.to_string()))?;
    show.asking();
    let mut pause = FIRST_PAUSE;
    loop {
        match ask(&deployment).await {
            Ok(answers) => return Ok((deployment, answers)),
            Err(trouble) if trouble.is_final => return Err(trouble),
            Err(trouble) => show.trouble(DeploymentState::Asking, trouble.health),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LAST_PAUSE),
            () = redial.notified() => pause = FIRST_PAUSE,
        }
    }
}

async fn engine(start: &Start, answers: &Answers) -> anyhow::Result<(Mesh, Outward)> {
    let info = &answers.info;
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes(random()?),
        disco_key: DiscoPrivate::from_bytes(random()?),
        node_id: i64::from_be_bytes(random()?) & i64::MAX,
        addresses: vec![start.gate.address()],
        role: Role::Client,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: info.disable_direct_connections,
        force_websockets: info.derp_force_websockets,
        relay_headers: Vec::new(),
        relay_transport: RelayTransport::from_environment(),
        derp_map: info.derp_map.clone().unwrap_or_default(),
    };
    let device = Inward::new(start.key, start.board.clone(), start.gate.clone());
    Ok(Mesh::start_on_device(config, Box::new(device)).await?)
}

/// Random bytes of the system.
pub fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}
