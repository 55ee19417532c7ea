//! Reports that wait in a queue of [`super::State`] and are told one by one: lifecycle states, ends of scripts; and the
//! banners, which are asked for now and then.

use std::sync::Arc;
use std::time::Duration;

use proto::agent::{
    GetAnnouncementBannersRequest, GetAnnouncementBannersResponse, Lifecycle, Timing, UpdateLifecycleRequest,
    WorkspaceAgentScriptCompletedRequest, WorkspaceAgentScriptCompletedResponse, method,
};
use rpc::RpcError;

use super::call::{self, Pause};
use crate::lifecycle::Life;
use crate::outbox::Outbox;
use crate::session::SessionContext;

/// How often banners are asked for (spec `agent-rpc.md` 6).
const BANNER_INTERVAL: Duration = Duration::from_secs(120);

/// Tells each state, in order; a refused one is told again, because the next makes no sense without it.
pub async fn lifecycle(life: &Life, client: &rpc::Client) -> Result<(), RpcError> {
    let mut pause = Pause::default();
    loop {
        let lifecycle = life.next_report().await;
        let request = UpdateLifecycleRequest { lifecycle: Some(lifecycle) };
        match client.unary::<_, Lifecycle>(method::UPDATE_LIFECYCLE, &request).await {
            Ok(_) => {
                pause = Pause::default();
                life.acknowledge();
            }
            Err(error) if call::is_unsupported(&error) => life.acknowledge(),
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(error) => {
                tracing::warn!(%error, state = ?lifecycle.state(), "the server did not take the lifecycle state");
                tokio::time::sleep(pause.next()).await;
            }
        }
    }
}

/// Tells each end of a script; a refused one is left out.
pub async fn script_ends(timings: &Outbox<Timing>, client: &rpc::Client) -> Result<(), RpcError> {
    loop {
        let request = WorkspaceAgentScriptCompletedRequest { timing: Some(timings.front().await) };
        match client.unary(method::SCRIPT_COMPLETED, &request).await {
            Ok(WorkspaceAgentScriptCompletedResponse {}) => {}
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(error) if call::is_unsupported(&error) => {}
            Err(error) => tracing::warn!(%error, "the server did not take the end of a script"),
        }
        timings.pop();
    }
}

/// Keeps the banners that login shells show.
pub async fn banners(context: &Arc<SessionContext>, client: &rpc::Client) -> Result<(), RpcError> {
    loop {
        let answer: Result<GetAnnouncementBannersResponse, _> =
            client.unary(method::GET_ANNOUNCEMENT_BANNERS, &GetAnnouncementBannersRequest {}).await;
        match answer {
            Ok(answer) => {
                let shown = answer.announcement_banners.into_iter().filter(|banner| banner.enabled);
                let banners: Vec<String> = shown.map(|banner| banner.message).collect();
                let mut facts = (*context.facts()).clone();
                if facts.banners != banners {
                    facts.banners = banners;
                    context.set_facts(facts);
                }
            }
            Err(error) if call::is_unsupported(&error) => return Ok(()),
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(error) => tracing::warn!(%error, "the server did not give its banners"),
        }
        tokio::time::sleep(BANNER_INTERVAL).await;
    }
}
