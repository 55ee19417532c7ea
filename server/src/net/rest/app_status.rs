//! What an app says it is doing, over REST: the older way of `UpdateAppStatus`.

use axum::extract::State;
use http::StatusCode;
use proto::agent::MAX_APP_STATUS;
use serde::Deserialize;

use crate::access::AgentIdentity;
use crate::http::body::Json;
use crate::http::error::{ApiError, ApiResult};
use crate::state::{AppState, Event};
use crate::store::{agent_presence, now};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct AppStatus {
    app_slug: String,
    state: String,
    message: String,
    uri: String,
}

pub async fn update(
    State(state): State<AppState>,
    agent: AgentIdentity,
    Json(body): Json<AppStatus>,
) -> ApiResult<StatusCode> {
    if !matches!(body.state.as_str(), "working" | "idle" | "complete" | "failure") {
        return Err(ApiError::field("state", "must be working, idle, complete or failure"));
    }
    if body.message.len() > MAX_APP_STATUS {
        return Err(ApiError::field("message", format!("must not be longer than {MAX_APP_STATUS} bytes")));
    }
    let id = agent.id;
    let stored = state.store.write(move |db| {
        agent_presence::add_app_status(db, id, &body.app_slug, &body.state, &body.message, &body.uri, now())
    });
    stored.await?;
    state.events.send(Event::Workspace { workspace: agent.workspace_id, owner: agent.owner_id });
    Ok(StatusCode::OK)
}
