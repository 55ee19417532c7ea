//! REST resources of what daemons report and need (spec `agent-rpc.md` 8.1, `rest-api.md` 5): logs, metadata, keys.
//!
//! Thin: who may, what the store says, in the wire's form.

mod agent_logs;
mod agent_metadata;
mod app_status;
mod git_ssh_key;
#[cfg(test)]
mod tests;

use http::StatusCode;
use proto::id::AgentId;

use crate::access::{Action, AgentIdentity, Object, User, decide};
use crate::http::error::{ApiError, ApiResult};
use crate::http::routes::{Routes, get, patch, post};
use crate::state::AppState;
use crate::store::agents::{self, Place};

/// The routes.
pub fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/workspaceagents/me/logs", patch(agent_logs::append))
        .route("/api/v2/workspaceagents/me/log-source", post(agent_logs::add_source))
        .route("/api/v2/workspaceagents/me/gitsshkey", get(git_ssh_key::of_agent))
        .route("/api/v2/workspaceagents/me/app-status", patch(app_status::update))
        .route("/api/v2/workspaceagents/me/reinit", get(reinit))
        .route("/api/v2/workspaceagents/me/external-auth", get(external_auth))
        .route("/api/v2/workspaceagents/me/gitauth", get(external_auth))
        .route("/api/v2/workspaceagents/{agent}/logs", get(agent_logs::read))
        .route("/api/v2/workspaceagents/{agent}/startup-logs", get(agent_logs::read))
        .route("/api/v2/workspaceagents/{agent}/watch-metadata", get(agent_metadata::watch))
        .route("/api/v2/workspaceagents/{agent}/watch-metadata-ws", get(agent_metadata::watch_ws))
        .route("/api/v2/users/{user}/gitsshkey", get(git_ssh_key::of_user).put(git_ssh_key::regenerate))
}

/// The daemon's place, when the user may read its workspace.
async fn readable(state: &AppState, user: &User, agent: AgentId) -> ApiResult<Place> {
    let place = state.store.read(move |db| agents::place(db, agent)).await?;
    decide(user, Action::Read, Object::Workspace { owner: place.owner }).check()?;
    Ok(place)
}

/// Daemons poll this for prebuilt workspaces, which are not there: the answer that makes them stop.
async fn reinit(_agent: AgentIdentity) -> ApiError {
    ApiError::conflict("This workspace was not prebuilt, there is nothing to wait for.")
}

/// No provider is configured: the answer after which daemons fall back to plain git.
async fn external_auth(_agent: AgentIdentity) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "No external authentication provider matches.")
}
