//! What the server does on the network for the mesh: coordinator, relay, STUN, the two RPC services, and the REST
//! resources of daemons. The rest of the server knows only this file: [`Net`], [`routes`], [`start`], [`derp_map`].
//!
//! ```text
//!  daemons ── agent_api ──┐            ┌── coordinator (pure) ── records between peers
//!                         ├─ rpc calls ┤
//!  clients ── tailnet_api ┘            └── store, events
//!  peers ──── relay (sealed packets) · stun (who am I?)
//! ```
//! Not here: REST resources of people ([`crate::http`]), builds, and the mesh engine itself; [`peer`] is a user of it.

pub mod agent_api;
pub mod coordinator;
mod derp_map;
#[cfg(test)]
pub(crate) mod fixture;
pub mod lease;
pub mod metadata;
mod openssh;
pub mod peer;
pub mod relay;
mod rest;
mod stun;
pub mod tailnet_api;
pub mod updates;
mod version;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use proto::derp_map::DerpMap;
use proto::id::AgentId;
use proto::key::NodePrivate;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::http::routes::{Routes, get};
use crate::state::AppState;
use crate::store::net_keys::{self, NetKey, Purpose};

use self::relay::Relay;
use self::tailnet_api::resume_token::SigningKey;

/// Pings on long-lived connections; twice as long without an answer ends them (spec `agent-rpc.md` 6.2).
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Longest websocket message of an RPC connection (spec `agent-rpc.md` 1.3).
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// Metadata changes that a slow watcher may lag behind before it looks at everything again.
const METADATA_CHANGES: usize = 1024;

/// State of coordinator, relay and connected daemons.
pub struct Net {
    /// Who is connected to the mesh, and who shares a tunnel.
    pub coordinator: coordinator::Coordinator,
    /// Which connection of each daemon is the current one.
    pub presence: agent_api::Presence,
    started: OnceLock<Started>,
    /// This server's own place in the mesh, for pages.
    pub peer: peer::Peer,
    metadata: broadcast::Sender<AgentId>,
    /// Metadata that is not written yet.
    latest: metadata::Latest,
}

/// What needs the store first.
struct Started {
    relay: Arc<Relay>,
    keys: Keys,
    stun_port: Option<u16>,
}

/// Secret keys of the mesh half.
pub struct Keys {
    /// Signs resume tokens.
    pub resume: SigningKey,
    /// Derives the tokens of sub-daemons.
    pub sub_daemon: Vec<u8>,
}

impl Default for Net {
    fn default() -> Self {
        Self::new()
    }
}

impl Net {
    /// Before the server listens.
    #[must_use]
    pub fn new() -> Self {
        Self {
            coordinator: coordinator::Coordinator::default(),
            presence: agent_api::Presence::default(),
            started: OnceLock::new(),
            peer: peer::Peer::default(),
            metadata: broadcast::channel(METADATA_CHANGES).0,
            latest: metadata::Latest::default(),
        }
    }

    /// The keys; none before [`start`].
    #[must_use]
    pub fn keys(&self) -> Option<&Keys> {
        self.started.get().map(|started| &started.keys)
    }

    /// The relay; none before [`start`].
    #[must_use]
    pub fn relay(&self) -> Option<&Arc<Relay>> {
        self.started.get().map(|started| &started.relay)
    }

    /// A daemon reported metadata.
    pub fn tell_metadata(&self, agent: AgentId) {
        // Nobody watching is fine.
        let _ = self.metadata.send(agent);
    }

    /// Daemons that report metadata from now on.
    #[must_use]
    pub fn metadata_changes(&self) -> broadcast::Receiver<AgentId> {
        self.metadata.subscribe()
    }
}

/// Routes of the mesh half, with their full paths.
pub fn routes() -> Routes {
    Routes::new()
        .route("/derp", get(derp))
        .route("/derp/latency-check", get(|| async { StatusCode::OK }))
        .merge(agent_api::routes())
        .merge(tailnet_api::routes())
        .merge(rest::routes())
}

async fn derp(State(state): State<AppState>, request: Request) -> Response {
    match state.net.relay() {
        Some(relay) => relay::upgrade(Arc::clone(relay), request),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Starts what runs in the background (STUN, …). Called once, when the listener is there.
pub async fn start(state: &AppState) {
    tokio::spawn(metadata::keep_writing(state.clone()));
    match load_keys(state).await {
        Ok((relay, keys)) => {
            let stun_port = start_stun(state).await;
            let started = Started { relay: Arc::new(Relay::new(relay)), keys, stun_port };
            if state.net.started.set(started).is_err() {
                tracing::warn!("the mesh half of the server was started twice");
            }
        }
        Err(error) => {
            tracing::error!(%error, "the mesh half of the server has no keys: relay and resume tokens are off")
        }
    }
}

async fn load_keys(state: &AppState) -> Result<(NodePrivate, Keys), Box<dyn std::error::Error + Send + Sync>> {
    let fresh = || -> std::io::Result<NetKey> {
        let mut key = vec![0; 64];
        crate::token::fill(&mut key)?;
        Ok(NetKey { id: Uuid::new_v4(), key })
    };
    let (one, two, three) = (fresh()?, fresh()?, fresh()?);
    let load = state.store.write(move |db| {
        Ok((
            net_keys::get_or_insert(db, Purpose::Relay, one)?,
            net_keys::get_or_insert(db, Purpose::Resume, two)?,
            net_keys::get_or_insert(db, Purpose::SubDaemon, three)?,
        ))
    });
    let (relay, resume, sub_daemon) = load.await?;
    let relay = relay.key.first_chunk::<32>().ok_or("the relay's key is too short")?;
    let keys = Keys { resume: SigningKey { id: resume.id, key: resume.key }, sub_daemon: sub_daemon.key };
    Ok((NodePrivate::from_bytes(*relay), keys))
}

/// Starts STUN when it is wanted and its port is free; returns the port.
async fn start_stun(state: &AppState) -> Option<u16> {
    let address = state.config.stun?;
    let socket = match stun::bind(address).await {
        Ok(socket) => socket,
        Err(error) => {
            tracing::warn!(%address, %error, "STUN is off: its UDP port cannot be used; direct connections need another STUN server or a local network");
            return None;
        }
    };
    let port = socket.local_addr().ok()?.port();
    tokio::spawn(stun::serve(socket, state.stop.clone()));
    tracing::info!(%address, port, "STUN answers");
    Some(port)
}

/// The relay map for ourselves: by the listener, which a proxy before the access URL may hide.
fn own_derp_map(state: &AppState) -> DerpMap {
    derp_map::derp_map(&state.daemon_url, state.net.started.get().and_then(|started| started.stun_port))
}

/// The relay map as clients of this deployment get it.
#[must_use]
pub fn derp_map(state: &AppState) -> DerpMap {
    derp_map::derp_map(&state.access_url, state.net.started.get().and_then(|started| started.stun_port))
}
