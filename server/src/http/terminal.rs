//! A terminal in a page: a websocket on one side, the daemon's terminal port in the mesh on the other (spec `agent-rpc.md`
//! 7.2). What is typed goes through as it comes: the daemon reads it with bounds of its own.

use axum::extract::State;
use axum::response::Response as HttpResponse;
use futures_util::{SinkExt as _, StreamExt as _};
use http::StatusCode;
use proto::id::AgentId;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use uuid::Uuid;

use super::agents::permitted;
use super::body::{Path, Query};
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, get};
use super::upgrade::{Socket, WebSocketUpgrade};
use super::watch::PING_EVERY;
use crate::access::{Action, User};
use crate::net::lease;
use crate::net::peer::PeerError;
use crate::state::AppState;

/// The daemon's port for terminals.
const TERMINAL_PORT: u16 = 2;
/// Longest message of a page: a paste comes in one, and the daemon takes no more.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// Longest command line, so that the head's length fits its two bytes.
const MAX_COMMAND: usize = 32 * 1024;
/// Longest name of a container or of a user in it.
const MAX_NAME: usize = 256;
/// Bytes read from the terminal at once.
const CHUNK: usize = 32 * 1024;

pub(super) fn routes() -> Routes {
    Routes::new().route("/api/v2/workspaceagents/{agent}/pty", get(open))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    reconnect: Option<Uuid>,
    width: Option<u16>,
    height: Option<u16>,
    command: String,
    container: String,
    container_user: String,
    backend_type: String,
}

/// The first words to the daemon.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    #[serde(rename = "ID")]
    id: Uuid,
    height: u16,
    width: u16,
    command: String,
    container: String,
    container_user: String,
    backend_type: String,
}

async fn open(
    State(state): State<AppState>,
    user: User,
    Path(id): Path<AgentId>,
    Query(wanted): Query<Wanted>,
    socket: WebSocketUpgrade,
) -> ApiResult<HttpResponse> {
    let place = permitted(&state, &user, id, Action::Ssh).await?;
    let head = head(wanted)?;
    if place.retired {
        return Err(ApiError::not_found());
    }
    if state.net.coordinator.node(id.into()).is_none() {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "The workspace daemon is not connected.")
            .with_detail("Start the workspace, or wait until its daemon is there."));
    }
    Ok(socket.max_message(MAX_MESSAGE).run(move |socket| async move {
        tokio::select! {
            () = serve(&state, id, &head, socket) => {}
            () = lease::of_user(&state, &user) => {}
            () = lease::of_agent(&state, id) => {}
            () = state.stop.cancelled() => {}
        }
    }))
}

/// The bytes that open a terminal: a length of two bytes, then JSON, in one piece.
fn head(wanted: Wanted) -> ApiResult<Vec<u8>> {
    let id =
        wanted.reconnect.ok_or_else(|| ApiError::field("reconnect", "A UUID names the terminal to come back to."))?;
    let caps = [
        ("command", wanted.command.len(), MAX_COMMAND),
        ("container", wanted.container.len(), MAX_NAME),
        ("container_user", wanted.container_user.len(), MAX_NAME),
        ("backend_type", wanted.backend_type.len(), MAX_NAME),
    ];
    if let Some((name, _, most)) = caps.into_iter().find(|(_, length, most)| length > most) {
        return Err(ApiError::field(name, format!("At most {most} bytes.")));
    }
    let json = serde_json::to_vec(&Head {
        id,
        height: wanted.height.unwrap_or(80),
        width: wanted.width.unwrap_or(80),
        command: wanted.command,
        container: wanted.container,
        container_user: wanted.container_user,
        backend_type: wanted.backend_type,
    });
    // A control character takes six bytes in JSON, so the cap on the command is not enough.
    let json = json.ok().filter(|json| json.len() <= usize::from(u16::MAX));
    let json = json.ok_or_else(|| ApiError::field("command", "It is too long."))?;
    let length = u16::try_from(json.len()).unwrap_or(u16::MAX).to_le_bytes();
    Ok([length.as_slice(), json.as_slice()].concat())
}

async fn serve(state: &AppState, id: AgentId, head: &[u8], mut socket: Socket) {
    let opened = async {
        let mut terminal = state.net.peer.dial(state, id, TERMINAL_PORT).await?;
        terminal.write_all(head).await.map_err(|error| PeerError::Answer(error.to_string()))?;
        Ok::<_, PeerError>(terminal)
    };
    let reason = match opened.await {
        Ok(terminal) => splice(&mut socket, terminal).await,
        Err(error) => (CloseCode::Error, error.to_string()),
    };
    let frame = CloseFrame { code: reason.0, reason: shortened(&reason.1).into() };
    let _ = socket.close(Some(frame)).await;
}

/// A close frame has room for 123 bytes of reason (RFC 6455 section 5.5).
fn shortened(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(123)]
}

/// Carries bytes both ways until one side ends; returns what the page is told. The two directions do not wait for each
/// other: a paste that the shell echoes would stop both.
async fn splice(socket: &mut Socket, terminal: impl AsyncRead + AsyncWrite + Unpin) -> (CloseCode, String) {
    let (mut output, mut input) = tokio::io::split(terminal);
    let (mut to_page, mut from_page) = socket.split();
    let lost = |error: std::io::Error| (CloseCode::Error, format!("the terminal was lost: {error}"));
    let shown = async {
        let (mut chunk, mut ping) = (vec![0; CHUNK], tokio::time::interval(PING_EVERY));
        loop {
            let message = tokio::select! {
                read = output.read(&mut chunk) => match read {
                    Ok(0) => return (CloseCode::Normal, "the terminal ended".to_owned()),
                    Ok(count) => Message::binary(chunk[..count].to_vec()),
                    Err(error) => return lost(error),
                },
                _ = ping.tick() => Message::Ping(Vec::new().into()),
            };
            if to_page.send(message).await.is_err() {
                return (CloseCode::Away, String::new());
            }
        }
    };
    let typed = async {
        loop {
            let typed = match from_page.next().await {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => message.into_data(),
                Some(Ok(Message::Close(_))) | None => return (CloseCode::Normal, String::new()),
                Some(Ok(_)) => continue,
                Some(Err(error)) => return (CloseCode::Size, error.to_string()),
            };
            if let Err(error) = input.write_all(&typed).await {
                return lost(error);
            }
        }
    };
    tokio::select! {
        reason = shown => reason,
        reason = typed => reason,
    }
}

#[cfg(test)]
mod tests;
