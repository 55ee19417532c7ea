//! The control connection of a session: dials, feeds the mesh, dials again. The mesh keeps its peers meanwhile, so a
//! direct connection outlives the server.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use client::Deployment;
use client::rpc::{RpcError, UNIMPLEMENTED};
use client::{DialError, TailnetApi};
use mesh::Mesh;
use mesh::driver::Coordination;
use proto::id::AgentId;
use proto::secret::Secret;

use tokio::sync::oneshot;

use super::backoff::Backoff;
use super::identity::random;
use super::resume::Resume;

/// Keeps control going until it is aborted. A refusal of the very first attempt is final and goes to `refuse`; after
/// one success every failure is only a reason to try again.
pub async fn run(mesh: Mesh, deployment: Deployment, agent: AgentId, refuse: oneshot::Sender<anyhow::Error>) {
    let (mut backoff, mut resume, mut refuse) = (Backoff::default(), Resume::default(), Some(refuse));
    let token = deployment.token().cloned().unwrap_or_else(|| Secret::new(""));
    loop {
        match TailnetApi::dial_agent(deployment.url(), &token, agent, resume.token(Instant::now())).await {
            Ok(api) => {
                refuse = None;
                backoff.reset();
                let ended = serve(&mesh, &deployment, &api, &mut resume).await;
                tracing::debug!(?ended, "the control connection ended");
            }
            Err(DialError::ResumeToken) => resume.forget(),
            Err(error) if refuse.is_some() && error.is_permanent() => {
                if let Some(refuse) = refuse.take() {
                    // Nobody waits any more when the daemon answered already.
                    let _ = refuse.send(super::refused(error));
                }
                return;
            }
            Err(error) => tracing::debug!(%error, "no control connection"),
        }
        let pause = backoff.pause(random::<1>().map_or(0, |[byte]| byte));
        tokio::time::sleep(pause).await;
    }
}

/// Serves one connection until one of its streams ends.
async fn serve(mesh: &Mesh, deployment: &Deployment, api: &TailnetApi, resume: &mut Resume) -> Result<(), RpcError> {
    let (mut to_server, mut from_server) = api.coordinate().await?;
    let Coordination { mut requests, responses } = mesh.coordinate();
    let mut maps = api.stream_derp_maps().await?;
    let say = async {
        while let Some(request) = requests.recv().await {
            to_server.send(&request).await?;
        }
        to_server.finish().await
    };
    let hear = async {
        while let Some(response) = from_server.next().await? {
            if responses.send(response).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    let follow_maps = async {
        while let Some(map) = maps.next().await? {
            mesh.set_derp_map(proto::derp_map::DerpMap::from(map).for_access_url(deployment.url()));
        }
        Ok(())
    };
    tokio::select! {
        ended = say => ended,
        ended = hear => ended,
        ended = follow_maps => ended,
        ended = refresh(api, resume) => ended,
        () = api.closed() => Err(RpcError::Closed),
    }
}

/// Keeps a resume token at hand. Ends only with the connection: a server without such tokens is not asked again.
async fn refresh(api: &TailnetApi, resume: &mut Resume) -> Result<(), RpcError> {
    loop {
        match api.refresh_resume_token().await {
            Ok(answer) => {
                let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
                let again = resume.accept(answer, Instant::now(), i64::try_from(wall).unwrap_or(i64::MAX));
                tokio::time::sleep(again).await;
            }
            Err(RpcError::Remote { code: UNIMPLEMENTED, .. }) => std::future::pending().await,
            Err(error) => return Err(error),
        }
    }
}
