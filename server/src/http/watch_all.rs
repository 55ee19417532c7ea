//! Watching all workspaces that an account may see, over one websocket: the list of the dashboard. One workspace: `watch`.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response as HttpResponse;
use futures_util::{SinkExt as _, StreamExt as _};
use proto::id::WorkspaceId;
use proto::rest::workspace::{WatchEvent, WatchKind};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::routes::{Routes, get};
use super::upgrade::{Socket, WebSocketUpgrade};
use super::watch::{PING_EVERY, session_end};
use super::workspaces::readable_or_deleted;
use crate::access::User;
use crate::state::{AppState, Event};

/// Changes come in bursts: a build that ends and a daemon that leaves are one message.
const GATHER: Duration = Duration::from_millis(100);

pub(super) fn routes() -> Routes {
    Routes::new().route("/api/v2/homeport/workspaces/watch", get(by_socket))
}

async fn by_socket(State(state): State<AppState>, user: User, socket: WebSocketUpgrade) -> HttpResponse {
    socket.run(move |socket| send_over(state, user, socket))
}

/// Sends each workspace after it changed, as the account sees it; `data` without one means "look at all of them again".
async fn send_over(state: AppState, user: User, mut socket: Socket) {
    let mut events = state.events.listen();
    let end = session_end(&state, &user);
    tokio::pin!(end);
    let mut changed = BTreeSet::<WorkspaceId>::new();
    let mut missed = false;
    // When to send next: soon after the first change of a burst, else a sign of life.
    let mut due = Instant::now() + PING_EVERY;
    loop {
        tokio::select! {
            () = &mut end => break,
            heard = socket.next() => match heard {
                Some(Ok(message)) if !message.is_close() => {}
                _ => break,
            },
            event = events.recv() => {
                match event {
                    Ok(Event::Workspace { workspace, .. } | Event::Agent { workspace, .. }) => {
                        changed.insert(workspace);
                    }
                    Ok(_) => continue,
                    Err(RecvError::Lagged(_)) => missed = true,
                    Err(RecvError::Closed) => break,
                }
                due = due.min(Instant::now() + GATHER);
            }
            () = tokio::time::sleep_until(due) => {
                due = Instant::now() + PING_EVERY;
                let messages = news(&state, &user, std::mem::take(&mut changed), std::mem::take(&mut missed)).await;
                let mut messages = futures_util::stream::iter(messages.into_iter().map(Ok));
                if socket.send_all(&mut messages).await.is_err() {
                    break;
                }
            }
        }
    }
    let _ = socket.close(None).await;
}

/// What is told of these changes. What the account may not see is left out.
async fn news(state: &AppState, user: &User, changed: BTreeSet<WorkspaceId>, missed: bool) -> Vec<Message> {
    let data = |data| WatchEvent { kind: WatchKind::Data, data };
    let events = if missed {
        vec![data(Value::Null)]
    } else if changed.is_empty() {
        vec![WatchEvent { kind: WatchKind::Ping, data: Value::Null }]
    } else {
        let mut events = Vec::new();
        for id in changed {
            if let Ok(workspace) = readable_or_deleted(state, user, id).await {
                events.push(data(serde_json::to_value(workspace).unwrap_or_default()));
            }
        }
        events
    };
    events.iter().filter_map(|event| serde_json::to_string(event).ok()).map(Message::text).collect()
}
