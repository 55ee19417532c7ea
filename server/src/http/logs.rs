//! Logs of jobs: a list, or a websocket that follows until the job has ended. Lines come in order, each once.

use axum::response::{IntoResponse as _, Response as HttpResponse};
use futures_util::{SinkExt as _, StreamExt as _};
use proto::id::JobId;
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;

use super::body::Json;
use super::error::{ApiError, ApiResult};
use super::upgrade::{Socket, WebSocketUpgrade};
use super::watch::{PING_EVERY, session_end};
use crate::access::User;
use crate::state::{AppState, Event};
use crate::store::jobs::{self, MAX_LINES};

/// `follow` counts by being there, whatever its value.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct LogQuery {
    before: Option<i64>,
    after: Option<i64>,
    follow: Option<String>,
}

/// Lines of a job as the query asks for them.
pub(super) async fn answer(
    state: &AppState,
    user: &User,
    job: JobId,
    query: LogQuery,
    socket: Result<WebSocketUpgrade, ApiError>,
) -> ApiResult<HttpResponse> {
    let after = query.after.unwrap_or(0);
    let is_following = query.follow.is_some_and(|word| word != "false");
    if is_following {
        if query.before.is_some() {
            return Err(ApiError::bad_request("Query param \"before\" cannot be used with \"follow\"."));
        }
        let (state, user) = (state.clone(), user.clone());
        return Ok(socket?.run(move |socket| follow(state, user, job, after, socket)));
    }
    let before = query.before;
    let mut lines = Vec::new();
    loop {
        let from = lines.last().map_or(after, |line: &proto::rest::job::JobLog| line.id);
        let more = state.store.read(move |db| jobs::logs(db, job, from, before)).await?;
        let is_last = i64::try_from(more.len()).unwrap_or(0) < MAX_LINES;
        lines.extend(more);
        if is_last {
            return Ok(Json(lines).into_response());
        }
    }
}

async fn follow(state: AppState, user: User, job: JobId, after: i64, mut socket: Socket) {
    tokio::select! {
        () = session_end(&state, &user) => {}
        _ = send_lines(&state, job, after, &mut socket) => {}
    }
    let _ = socket.close(None).await;
}

/// None when the client is gone or the store cannot be read.
async fn send_lines(state: &AppState, job: JobId, mut after: i64, socket: &mut Socket) -> Option<()> {
    let mut events = state.events.listen();
    loop {
        // The status first: lines that were written before the end are then surely read after it.
        let is_over = state.store.read(move |db| jobs::status(db, job)).await.ok()?.is_final();
        loop {
            let from = after;
            let lines = state.store.read(move |db| jobs::logs(db, job, from, None)).await.ok()?;
            let count = i64::try_from(lines.len()).unwrap_or(0);
            for line in lines {
                after = line.id;
                socket.feed(Message::text(serde_json::to_string(&line).ok()?)).await.ok()?;
            }
            socket.flush().await.ok()?;
            if count < MAX_LINES {
                break;
            }
        }
        if is_over {
            return Some(());
        }
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok(Event::JobLogs { job: changed }) if changed != job => {}
                    Ok(Event::JobLogs { .. }) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
                },
                message = socket.next() => match message {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                },
                () = tokio::time::sleep(PING_EVERY) => {
                    socket.send(Message::Ping(Vec::new().into())).await.ok()?;
                }
            }
        }
    }
}
