//! Watching a workspace: server-sent events, or a websocket of the same messages. And when a watch must end.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response as HttpResponse};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header;
use proto::id::WorkspaceId;
use proto::rest::workspace::{WatchEvent, WatchKind, Workspace};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio_tungstenite::tungstenite::Message;

use super::body::Path;
use super::error::ApiResult;
use super::routes::{Routes, get};
use super::upgrade::{Socket, WebSocketUpgrade};
use super::workspaces::readable;
use crate::access::User;
use crate::net::lease;
use crate::state::{AppState, Event};
use crate::store::{now, workspaces};

/// How often a quiet stream shows that it lives.
pub(super) const PING_EVERY: Duration = Duration::from_secs(15);
/// Messages that wait for a slow reader; then it is skipped ahead, because each message is the whole state.
const WAITING: usize = 8;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/api/v2/workspaces/{workspace}/watch", get(by_events))
        .route("/api/v2/workspaces/{workspace}/watch-ws", get(by_socket))
}

/// Returns when a connection that a person opened must end: the key is revoked or over, or the server stops.
pub async fn session_end(state: &AppState, user: &User) {
    tokio::select! {
        () = state.stop.cancelled() => {}
        () = lease::of_user(state, user) => {}
    }
}

async fn by_events(State(state): State<AppState>, user: User, Path(id): Path<WorkspaceId>) -> ApiResult<HttpResponse> {
    readable(&state, &user, id).await?;
    let (lines, waiting) = tokio::sync::mpsc::channel::<String>(WAITING);
    tokio::spawn(async move {
        tokio::select! {
            () = session_end(&state, &user) => {}
            () = watch(&state, id, |event| {
                let text = match event.kind {
                    WatchKind::Ping => "event: ping\n\n".to_owned(),
                    kind => format!("event: {kind}\ndata: {}\n\n", event.data),
                };
                let lines = lines.clone();
                async move { lines.send(text).await.ok() }
            }) => {}
        }
    });
    let stream = futures_util::stream::unfold(waiting, |mut waiting| async move {
        waiting.recv().await.map(|text| (Ok::<_, Infallible>(text), waiting))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(stream)).into_response())
}

async fn by_socket(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<WorkspaceId>,
    socket: WebSocketUpgrade,
) -> ApiResult<HttpResponse> {
    readable(&state, &user, id).await?;
    Ok(socket.run(move |socket| send_over(state, user, id, socket)))
}

async fn send_over(state: AppState, user: User, id: WorkspaceId, socket: Socket) {
    let (sink, mut from_client) = socket.split();
    let sink = std::sync::Arc::new(tokio::sync::Mutex::new(sink));
    let client_left = async {
        while let Some(Ok(message)) = from_client.next().await {
            if message.is_close() {
                break;
            }
        }
    };
    tokio::select! {
        () = session_end(&state, &user) => {}
        () = client_left => {}
        () = watch(&state, id, |event| {
            let (sink, text) = (sink.clone(), serde_json::to_string(&event));
            async move { sink.lock().await.send(Message::text(text.ok()?)).await.ok() }
        }) => {}
    }
    let _ = sink.lock().await.close().await;
}

/// Sends the workspace at once, then after each change, and pings between. Ends when `send` says so.
async fn watch<F, Fut>(state: &AppState, id: WorkspaceId, send: F)
where
    F: Fn(WatchEvent) -> Fut,
    Fut: Future<Output = Option<()>>,
{
    let mut events = state.events.listen();
    let mut last: Option<Value> = None;
    loop {
        let Ok(workspace) = state.store.read(move |db| workspaces::by_id(db, id, now())).await else { return };
        let data = serde_json::to_value::<Workspace>(workspace).unwrap_or_default();
        if last.as_ref() != Some(&data) {
            last = Some(data.clone());
            if send(WatchEvent { kind: WatchKind::Data, data }).await.is_none() {
                return;
            }
        }
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok(Event::Workspace { workspace, .. } | Event::Agent { workspace, .. }) if workspace == id => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep(PING_EVERY) => {
                    if send(WatchEvent { kind: WatchKind::Ping, data: Value::Null }).await.is_none() {
                        return;
                    }
                    // Time alone changes a daemon's status: look again.
                    break;
                }
            }
        }
    }
}
