//! The tailnet API: how clients of the mesh coordinate, learn the relay map, and follow a user's workspaces (spec
//! `tailnet.md` 1, 2, 6, 7, 9). Daemons use the same calls on their own connection ([`super::agent_api`]).

pub mod calls;
pub mod resume_token;
mod service;
#[cfg(test)]
mod tests;

pub use service::{ClientService, serve};

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use proto::id::{AgentId, PeerId};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::coordinator::Access;
use super::version;
use crate::access::{Action, User};
use crate::http::agents::permitted;
use crate::http::body::{Path, Query};
use crate::http::error::{ApiError, ApiResult};
use crate::http::routes::{Routes, get};
use crate::http::upgrade::{Socket, WebSocketUpgrade};
use crate::state::AppState;
use crate::store::now;

/// The endpoints.
pub fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/tailnet", get(connect_user))
        .route("/api/v2/workspaceagents/{agent}/coordinate", get(connect_one))
        .route("/api/v2/derp-map", get(derp_map))
}

#[derive(Deserialize)]
struct Parameters {
    version: Option<String>,
    resume_token: Option<String>,
}

/// A client of all the user's daemons.
async fn connect_user(
    State(state): State<AppState>,
    user: User,
    Query(parameters): Query<Parameters>,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    version::accept(parameters.version.as_deref().unwrap_or("2.0"))?;
    let peer = peer(&state, &user, parameters.resume_token.as_deref())?;
    Ok(run(state, user, peer, Access::Reachable, upgrade))
}

/// A client of one daemon. The default version is one that is refused: callers must say what they speak.
async fn connect_one(
    State(state): State<AppState>,
    user: User,
    Path(agent): Path<AgentId>,
    Query(parameters): Query<Parameters>,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    let place = permitted(&state, &user, agent, Action::Ssh).await?;
    if place.retired {
        return Err(ApiError::not_found());
    }
    version::accept(parameters.version.as_deref().unwrap_or("1.0"))?;
    let peer = peer(&state, &user, parameters.resume_token.as_deref())?;
    Ok(run(state, user, peer, Access::OneAgent(agent), upgrade))
}

/// The peer id of a client: the one in its resume token, or a new one.
fn peer(state: &AppState, user: &User, token: Option<&str>) -> ApiResult<PeerId> {
    let fresh = PeerId(Uuid::new_v4());
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(fresh) };
    let keys = state.net.keys().ok_or_else(starting)?;
    match resume_token::verify(&keys.resume, token, user.id, now().0.unix_timestamp()) {
        Ok(peer) => Ok(peer.unwrap_or(fresh)),
        Err(invalid) => Err(ApiError::new(StatusCode::UNAUTHORIZED, "Invalid resume token")
            .with_field("resume_token", invalid.to_string())),
    }
}

fn starting() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is starting.")
}

fn run(state: AppState, user: User, peer: PeerId, access: Access, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message(super::MAX_MESSAGE).run(move |socket| async move {
        let io = rpc::websocket_io(socket, Some(super::KEEP_ALIVE));
        serve(state, user, peer, access, io).await;
    })
}

/// The relay map as JSON in binary messages, for legacy peers. No token is asked for; the map holds no secret.
async fn derp_map(State(state): State<AppState>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.run(move |socket| async move {
        if let Err(error) = stream_map(&state, socket).await {
            tracing::debug!(%error, "a watcher of the relay map left");
        }
    })
}

async fn stream_map(state: &AppState, mut socket: Socket) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let json = serde_json::to_vec(&super::derp_map(state))?;
    socket.send(Message::binary(json)).await?;
    // The map does not change while the server runs: what is left is to notice the end.
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
    loop {
        tokio::select! {
            message = socket.next() => match message {
                None | Some(Ok(Message::Close(_))) => return Ok(()),
                Some(message) => drop(message?),
            },
            _ = ping.tick() => socket.send(Message::Ping(Vec::new().into())).await?,
            () = state.stop.cancelled() => return Ok(socket.close(None).await?),
        }
    }
}

/// Pings on the legacy map stream (spec `tailnet.md` 9).
const PING: Duration = Duration::from_secs(15);
