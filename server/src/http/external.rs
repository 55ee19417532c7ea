//! External workspaces: the credentials of a daemon that runs on a computer which this server knows nothing about.

use axum::extract::State;
use http::StatusCode;
use proto::id::WorkspaceId;
use proto::rest::agent::ExternalAgentCredentials;

use super::body::{Json, Path};
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, get};
use super::workspaces::permitted;
use crate::access::{Action, User};
use crate::builds::provision::EXTERNAL_RESOURCE;
use crate::init_script::own_arch;
use crate::state::AppState;
use crate::store::{now, workspaces};

pub(super) fn routes() -> Routes {
    Routes::new().route("/api/v2/workspaces/{workspace}/external-agent/{agent}/credentials", get(credentials))
}

/// The token lets its holder be the workspace, so only who may enter the workspace gets it.
async fn credentials(
    State(state): State<AppState>,
    user: User,
    Path((id, name)): Path<(WorkspaceId, String)>,
) -> ApiResult<Json<ExternalAgentCredentials>> {
    permitted(&state, &user, id, Action::Ssh).await?;
    let workspace = state.store.read(move |db| workspaces::by_id(db, id, now())).await?;
    let resources = workspace.latest_build.resources.iter().filter(|resource| resource.kind == EXTERNAL_RESOURCE);
    let is_there = resources.flat_map(|resource| &resource.agents).any(|agent| agent.name == name);
    if !is_there {
        return Err(ApiError::bad_request("This workspace has no external agent of this name that runs.")
            .with_detail("Only workspaces of the template `external` have one, while they are started."));
    }
    let file = state.workspace_folder(id).join("agent-token");
    let token = tokio::task::spawn_blocking(move || std::fs::read_to_string(file)).await;
    let Ok(Ok(token)) = token else {
        return Err(ApiError::new(StatusCode::CONFLICT, "The token is not there: start the workspace again."));
    };
    let url = state.daemon_url.as_str().trim_end_matches('/');
    let command =
        format!("curl -fsSL '{url}/api/v2/init-script/linux/{}' | CODER_AGENT_TOKEN='{token}' sh", own_arch());
    Ok(Json(ExternalAgentCredentials { command, agent_token: token }))
}
