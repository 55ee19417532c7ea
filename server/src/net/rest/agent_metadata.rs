//! Metadata of a daemon, pushed: all values first, then all values again whenever one changed, at most once a second.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{SinkExt as _, StreamExt as _};
use proto::id::AgentId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::access::User;
use crate::http::body::Path;
use crate::http::error::{ApiError, ApiResult};
use crate::http::upgrade::{Socket, WebSocketUpgrade};
use crate::state::AppState;
use crate::store::{agent_metadata, now};

/// Least time between two pushes: a dashboard needs no more, and daemons report every second.
const PACE: Duration = Duration::from_secs(1);
/// Pings of a watcher.
const PING: Duration = Duration::from_secs(15);

pub async fn watch(State(state): State<AppState>, user: User, Path(agent): Path<AgentId>) -> ApiResult<Response> {
    super::readable(&state, &user, agent).await?;
    let changes = state.net.metadata_changes();
    let stream = futures_util::stream::unfold(
        (state, user, changes, true),
        move |(state, user, mut changes, first)| async move {
            if !first {
                tokio::select! {
                    more = changed(&mut changes, agent) => more.then_some(())?,
                    () = crate::net::lease::of_user(&state, &user) => return None,
                    () = state.stop.cancelled() => return None,
                }
            }
            let event = SseEvent::default().event("data").data(values(&state, agent).await.ok()?);
            Some((Ok::<_, Infallible>(event), (state, user, changes, false)))
        },
    );
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(PING).event(SseEvent::default().event("ping")))
        .into_response())
}

pub async fn watch_ws(
    State(state): State<AppState>,
    user: User,
    Path(agent): Path<AgentId>,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    super::readable(&state, &user, agent).await?;
    Ok(upgrade.run(move |socket| async move {
        tokio::select! {
            pushed = push(&state, agent, socket) => {
                if let Err(error) = pushed {
                    tracing::debug!(%agent, %error, "a watcher of a daemon's metadata left");
                }
            }
            () = crate::net::lease::of_user(&state, &user) => {}
            () = state.stop.cancelled() => {}
        }
    }))
}

async fn push(state: &AppState, agent: AgentId, socket: Socket) -> Result<(), Error> {
    let mut changes = state.net.metadata_changes();
    let (mut sink, mut stream) = socket.split();
    let mut ping = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
    loop {
        let Ok(values) = values(state, agent).await else { return sink.close().await };
        sink.send(Message::text(format!(r#"{{"type":"data","data":{values}}}"#))).await?;
        loop {
            tokio::select! {
                more = changed(&mut changes, agent) => if more { break } else { return sink.close().await },
                _ = ping.tick() => sink.send(Message::text(r#"{"type":"ping"}"#)).await?,
                message = stream.next() => match message {
                    None | Some(Ok(Message::Close(_))) => return Ok(()),
                    Some(message) => drop(message?),
                },
            }
        }
    }
}

async fn values(state: &AppState, agent: AgentId) -> ApiResult<String> {
    let values = state.store.read(move |db| agent_metadata::list(db, agent, now())).await?;
    serde_json::to_string(&values).map_err(|_| ApiError::bad_request("The metadata has no JSON form."))
}

/// Resolves when a value of the daemon changed, at the pace; `false` when nothing will change any more.
async fn changed(changes: &mut Receiver<AgentId>, agent: AgentId) -> bool {
    loop {
        match changes.recv().await {
            Ok(other) if other == agent => break,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => break,
            Err(RecvError::Closed) => return false,
        }
    }
    tokio::time::sleep(PACE).await;
    // What changed meanwhile is in the values that are read next.
    while !matches!(
        changes.try_recv(),
        Err(tokio::sync::broadcast::error::TryRecvError::Empty | tokio::sync::broadcast::error::TryRecvError::Closed)
    ) {}
    true
}
