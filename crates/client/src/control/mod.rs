//! Keeps a mesh client joined to its deployment: dials the Tailnet service, feeds the mesh, dials again.
//!
//! ```text
//!  dial ── coordinate ──────────► mesh   (peers stay in the mesh while there is no connection)
//!   ▲      relay maps ──────────► mesh
//!   │      workspace updates ───► follower, when the whole of a person's workspaces is followed
//!   │      resume tokens            keep our peer id
//!   └───── any of them ends: pause, 50 ms … 10 s, or at once when told to redial
//! ```
//!
//! The mesh and whoever follows are traits, because this package knows neither. A refusal of the very first dial is
//! final; after one success every failure is only a reason to try again (spec `tailnet.md` 1).

mod backoff;
mod resume;
#[cfg(test)]
mod tests;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use proto::derp_map::DerpMap;
use proto::id::{AgentId, UserId};
use proto::secret::Secret;
use proto::tailnet::{CoordinateRequest, CoordinateResponse, WorkspaceUpdate};
use rpc::{RpcError, UNIMPLEMENTED};
use tokio::sync::{Notify, mpsc};

use crate::{Deployment, DialError, TailnetApi};
use backoff::Backoff;
use resume::Resume;

/// What one coordination stream carries.
pub struct Coordination {
    /// What to send to the coordinator, in order.
    pub requests: mpsc::Receiver<CoordinateRequest>,
    /// Where to put what the coordinator said.
    pub responses: mpsc::Sender<CoordinateResponse>,
}

/// The mesh that a control connection feeds.
pub trait Fed: Send + Sync {
    /// A fresh coordination stream; the former one ended.
    fn coordinate(&self) -> Coordination;
    /// The relays, already rewritten for the deployment's URL.
    fn set_derp_map(&self, map: DerpMap);
}

/// Whoever wants to know how control goes. All calls are quick and do not block.
pub trait Follower: Send {
    /// A connection stands.
    fn connected(&mut self) {}
    /// The connection ended, or an attempt failed; another one follows.
    fn lost(&mut self, _why: &(dyn std::error::Error + Send + Sync + 'static)) {}
    /// The first attempt was refused for good; nothing follows.
    fn refused(&mut self, _why: DialError) {}
    /// Workspaces changed; the first update after [`Follower::connected`] is a snapshot. `false` when it does not fit
    /// what was known: then the streams are opened again.
    fn update(&mut self, _update: WorkspaceUpdate) -> bool {
        true
    }
}

/// What is wanted of the deployment.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// One workspace daemon.
    Daemon(AgentId),
    /// Everything this person owns, with updates.
    Owner(UserId),
}

/// Why a served connection ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Rpc(#[from] RpcError),
    #[error("the server ended the connection")]
    Finished,
    #[error("the network changed")]
    Redial,
    #[error("the server's updates do not fit what it said before")]
    Disagreement,
}

/// Keeps control going until it is dropped. `redial` ends a connection, or a pause, at once: the network changed.
pub async fn run(
    mesh: impl Fed,
    deployment: Deployment,
    scope: Scope,
    mut follower: impl Follower,
    redial: std::sync::Arc<Notify>,
) {
    let (mut backoff, mut resume, mut was_connected) = (Backoff::default(), Resume::default(), false);
    loop {
        match dial(&deployment, scope, &resume).await {
            Ok(api) => {
                was_connected = true;
                let started = Instant::now();
                let ended = serve(&mesh, &deployment, scope, &api, &mut resume, &mut follower, &redial).await;
                tracing::debug!(%ended, "the control connection ended");
                api.close();
                // A server that accepts and hangs up is not worth a fresh start.
                if started.elapsed() > backoff::LONGEST {
                    backoff.reset();
                }
                if matches!(ended, Ended::Redial) {
                    backoff.reset();
                    continue;
                }
                follower.lost(&ended);
            }
            Err(DialError::ResumeToken) => resume.forget(),
            Err(error) if !was_connected && error.is_permanent() => return follower.refused(error),
            Err(error) => {
                tracing::debug!(%error, "no control connection");
                follower.lost(&error);
            }
        }
        let mut byte = [0];
        // Without randomness the pause is whole, which is still a pause.
        let _ = getrandom::fill(&mut byte);
        tokio::select! {
            () = tokio::time::sleep(backoff.pause(byte[0])) => {}
            () = redial.notified() => backoff.reset(),
        }
    }
}

async fn dial(deployment: &Deployment, scope: Scope, resume: &Resume) -> Result<TailnetApi, DialError> {
    let token = deployment.token().cloned().unwrap_or_else(|| Secret::new(""));
    let resume = resume.token(Instant::now());
    match scope {
        Scope::Daemon(agent) => TailnetApi::dial_agent(deployment.url(), &token, agent, resume).await,
        Scope::Owner(_) => TailnetApi::dial_user(deployment.url(), &token, resume).await,
    }
}

/// Serves one connection until one of its streams ends.
async fn serve(
    mesh: &impl Fed,
    deployment: &Deployment,
    scope: Scope,
    api: &TailnetApi,
    resume: &mut Resume,
    follower: &mut impl Follower,
    redial: &Notify,
) -> Ended {
    let streams = async {
        let (mut to_server, mut from_server) = api.coordinate().await?;
        let Coordination { mut requests, responses } = mesh.coordinate();
        let mut maps = api.stream_derp_maps().await?;
        let mut updates = match scope {
            Scope::Owner(owner) => Some(api.workspace_updates(owner).await?),
            Scope::Daemon(_) => None,
        };
        follower.connected();
        let say = async {
            while let Some(request) = requests.recv().await {
                to_server.send(&request).await?;
            }
            to_server.finish().await?;
            Err::<(), Ended>(Ended::Finished)
        };
        let hear = async {
            while let Some(response) = from_server.next().await? {
                if responses.send(response).await.is_err() {
                    break;
                }
            }
            Err::<(), Ended>(Ended::Finished)
        };
        let follow_maps = async {
            while let Some(map) = maps.next().await? {
                mesh.set_derp_map(DerpMap::from(map).for_access_url(deployment.url()));
            }
            Err::<(), Ended>(Ended::Finished)
        };
        let follow_updates = async {
            let Some(updates) = &mut updates else { return std::future::pending().await };
            while let Some(update) = updates.next().await? {
                if !follower.update(update) {
                    return Err(Ended::Disagreement);
                }
            }
            Err::<(), Ended>(Ended::Finished)
        };
        let ended = tokio::try_join!(say, hear, follow_maps, follow_updates, refresh(api, resume));
        ended.map(|_| ())
    };
    tokio::select! {
        ended = streams => ended.err().unwrap_or(Ended::Finished),
        () = api.closed() => Ended::Finished,
        () = redial.notified() => Ended::Redial,
    }
}

/// Keeps a resume token at hand. Ends only with the connection: a server without such tokens is not asked again.
async fn refresh(api: &TailnetApi, resume: &mut Resume) -> Result<(), Ended> {
    loop {
        match api.refresh_resume_token().await {
            Ok(answer) => {
                let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
                let again = resume.accept(answer, Instant::now(), i64::try_from(wall).unwrap_or(i64::MAX));
                tokio::time::sleep(again).await;
            }
            Err(RpcError::Remote { code: UNIMPLEMENTED, .. }) => std::future::pending().await,
            Err(error) => return Err(error.into()),
        }
    }
}
