//! The agent API: one connection per workspace daemon, over which it fetches its manifest, reports, and coordinates
//! (spec `agent-rpc.md` 1, 5 and 6).
//!
//! ```text
//!  GET …/workspaceagents/me/rpc ─ version ok? ─ websocket ─ rpc ─ service ─┬─ report, sub_agent ─ store ─ events
//!                                              (connection)               └─ tailnet calls ─ coordinator
//! ```
//! Not here: the form of what the store keeps, and what people see of it ([`super::rest`]).

mod connection;
mod manifest;
mod report;
pub(crate) mod service;
mod sub_agent;
#[cfg(test)]
mod tests;

pub use connection::{Presence, serve};
pub use service::AgentService;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::version;
use crate::access::AgentIdentity;
use crate::http::body::Query;
use crate::http::error::ApiResult;
use crate::http::routes::{Routes, get};
use crate::http::upgrade::WebSocketUpgrade;
use crate::state::AppState;

/// The endpoint.
pub fn routes() -> Routes {
    Routes::new().route("/api/v2/workspaceagents/me/rpc", get(connect))
}

#[derive(Deserialize)]
struct Parameters {
    version: Option<String>,
    #[serde(default)]
    role: String,
}

async fn connect(
    State(state): State<AppState>,
    agent: AgentIdentity,
    Query(parameters): Query<Parameters>,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    let version = version::accept(parameters.version.as_deref().unwrap_or("2.0"))?;
    // Other roles borrow a daemon's token, such as a log shipper: they are served, and are not the daemon.
    let is_daemon = matches!(parameters.role.as_str(), "" | "agent");
    Ok(upgrade.max_message(super::MAX_MESSAGE).run(move |socket| async move {
        let io = rpc::websocket_io(socket, Some(super::KEEP_ALIVE));
        serve(state, agent, version, is_daemon, io).await;
    }))
}
