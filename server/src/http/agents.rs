//! Workspace daemons as clients see them. Their streams and their own calls belong to [`crate::net`].

use axum::extract::State;
use proto::id::AgentId;
use proto::rest::agent::{Agent, ConnectionInfo, ListeningPorts};
use serde_json::{Value, json};

use super::body::{Json, Path};
use super::error::ApiResult;
use super::routes::{Routes, get};
use crate::access::{Action, Object, User, decide};
use crate::state::AppState;
use crate::store::agents::{self, Place};
use crate::store::now;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/workspaceagents/connection", get(connection))
        .route("/api/v2/workspaceagents/{agent}", get(one))
        .route("/api/v2/workspaceagents/{agent}/connection", get(connection_of))
        .route("/api/v2/workspaceagents/{agent}/listening-ports", get(listening_ports))
        .route("/api/v2/workspaceagents/{agent}/containers", get(containers))
}

/// Where a daemon belongs, when the user may do `action` there.
pub(crate) async fn permitted(state: &AppState, user: &User, id: AgentId, action: Action) -> ApiResult<Place> {
    let place = state.store.read(move |db| agents::place(db, id)).await?;
    decide(user, action, Object::Workspace { owner: place.owner }).check()?;
    Ok(place)
}

async fn one(State(state): State<AppState>, user: User, Path(id): Path<AgentId>) -> ApiResult<Json<Agent>> {
    permitted(&state, &user, id, Action::Read).await?;
    Ok(Json(state.store.read(move |db| agents::by_id(db, id, now())).await?))
}

fn info(state: &AppState) -> ConnectionInfo {
    ConnectionInfo {
        derp_map: Some(crate::net::derp_map(state)),
        derp_force_websockets: false,
        disable_direct_connections: false,
        hostname_suffix: state.config.hostname_suffix.clone(),
    }
}

async fn connection(State(state): State<AppState>, _user: User) -> Json<ConnectionInfo> {
    Json(info(&state))
}

async fn connection_of(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<AgentId>,
) -> ApiResult<Json<ConnectionInfo>> {
    permitted(&state, &user, id, Action::Read).await?;
    Ok(Json(info(&state)))
}

/// The daemon knows; it is asked over the mesh. One that is not connected listens on nothing.
async fn listening_ports(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<AgentId>,
) -> ApiResult<Json<ListeningPorts>> {
    permitted(&state, &user, id, Action::Ssh).await?;
    if state.net.coordinator.node(id.into()).is_none() {
        return Ok(Json(ListeningPorts::default()));
    }
    Ok(Json(state.net.peer.listening_ports(&state, id).await?))
}

async fn containers(State(state): State<AppState>, user: User, Path(id): Path<AgentId>) -> ApiResult<Json<Value>> {
    permitted(&state, &user, id, Action::Read).await?;
    Ok(Json(json!({"containers": [], "devcontainers": [], "warnings": []})))
}
