//! Logs of a daemon: written by it, read at once or followed over a websocket of JSON arrays.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use proto::id::{AgentId, LogSourceId};
use proto::rest::agent::{AgentLog, AgentLogSource, CreateLogSource, PatchAgentLogs};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::access::{AgentIdentity, User};
use crate::http::body::{Json, Path, Query};
use crate::http::error::{ApiError, ApiResult};
use crate::http::upgrade::{Socket, WebSocketUpgrade};
use crate::state::{AppState, Event};
use crate::store::agent_logs::{self, Appended, NewLine};
use crate::store::now;

/// Most lines of one message or page; a daemon's whole log is 1 MiB.
const PAGE: u32 = 2_000;
/// Most lines of an answer without `follow`: all of a daemon's log unless its lines are empty.
const ALL: u32 = 50_000;
/// Pings of a follower.
const PING: std::time::Duration = std::time::Duration::from_secs(15);
/// Longest name or icon of a log source.
const MAX_NAME: usize = 256;

pub async fn append(
    State(state): State<AppState>,
    agent: AgentIdentity,
    Json(body): Json<PatchAgentLogs>,
) -> ApiResult<StatusCode> {
    let lines: Vec<NewLine> =
        body.logs.into_iter().map(|line| NewLine { level: line.level, output: line.output }).collect();
    if lines.is_empty() {
        return Err(ApiError::bad_request("No logs provided."));
    }
    let (id, source) = (agent.id, body.log_source_id);
    let appended = state.store.write(move |db| agent_logs::append(db, id, source, &lines, now())).await?;
    state.events.send(Event::AgentLogs { agent: id });
    match appended {
        Appended::Kept => Ok(StatusCode::OK),
        Appended::LimitExceeded => Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "Logs limit exceeded")),
    }
}

pub async fn add_source(
    State(state): State<AppState>,
    agent: AgentIdentity,
    Json(body): Json<CreateLogSource>,
) -> ApiResult<Response> {
    if body.id == LogSourceId::nil() {
        return Err(ApiError::field("id", "must not be empty"));
    }
    if body.display_name.len() > MAX_NAME || body.icon.len() > MAX_NAME {
        return Err(ApiError::field("display_name", "must be shorter"));
    }
    let source = AgentLogSource {
        workspace_agent_id: agent.id,
        id: body.id,
        created_at: now(),
        display_name: body.display_name,
        icon: body.icon,
    };
    let stored = source.clone();
    state.store.write(move |db| agent_logs::add_source(db, &stored)).await?;
    Ok((StatusCode::CREATED, Json(source)).into_response())
}

#[derive(Deserialize)]
pub struct Range {
    after: Option<i64>,
    before: Option<i64>,
    /// Counts by presence.
    follow: Option<String>,
}

pub async fn read(
    State(state): State<AppState>,
    user: User,
    Path(agent): Path<AgentId>,
    Query(range): Query<Range>,
    upgrade: Result<WebSocketUpgrade, ApiError>,
) -> ApiResult<Response> {
    super::readable(&state, &user, agent).await?;
    let after = range.after.unwrap_or_default().max(0);
    if range.follow.is_none() {
        let lines = state.store.read(move |db| agent_logs::between(db, agent, after, range.before, ALL)).await?;
        return Ok(Json(lines).into_response());
    }
    if range.before.is_some() {
        return Err(ApiError::field("before", "cannot be given together with follow"));
    }
    Ok(upgrade?.run(move |socket| async move {
        let ended = crate::net::lease::of_user(&state, &user);
        tokio::select! {
            followed = follow(&state, agent, after, socket) => {
                if let Err(error) = followed {
                    tracing::debug!(%agent, %error, "a follower of a daemon's logs left");
                }
            }
            () = ended => {}
            () = state.stop.cancelled() => {}
        }
    }))
}

async fn follow(state: &AppState, agent: AgentId, mut after: i64, socket: Socket) -> Result<(), Error> {
    // Listening first: what comes while the older lines are read is then not missed.
    let mut events = state.events.listen();
    let (mut sink, mut stream) = socket.split();
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
    loop {
        loop {
            let lines = state.store.read(move |db| agent_logs::between(db, agent, after, None, PAGE)).await;
            let Ok(lines) = lines else { return sink.close().await };
            let Some(last) = lines.last() else { break };
            after = last.id;
            sink.send(text(&lines)).await?;
        }
        tokio::select! {
            () = changed(&mut events, agent) => {}
            _ = ping.tick() => sink.send(Message::Ping(Vec::new().into())).await?,
            message = stream.next() => match message {
                None | Some(Ok(Message::Close(_))) => return Ok(()),
                Some(message) => drop(message?),
            },
        }
    }
}

fn text(lines: &[AgentLog]) -> Message {
    // Lines of text and numbers always have a JSON form.
    Message::text(serde_json::to_string(lines).unwrap_or_else(|_| "[]".into()))
}

/// Resolves when the daemon has new lines, or when it cannot be told.
async fn changed(events: &mut Receiver<Event>, agent: AgentId) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match events.recv().await {
            Ok(Event::AgentLogs { agent: other }) if other == agent => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
