//! The life of a daemon's connection: noted as connected, kept fresh, ended when its right to be here ended.
//!
//! ```text
//!  connected ─ (tick: seen) ─┬─ the connection broke, or was silent for 30 s
//!                            ├─ retired: a newer build replaced this daemon
//!                            ├─ replaced: the same token connected again
//!                            └─ the server stops
//!  disconnected ◄────────────┘
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::agent::ApiVersion;
use proto::id::AgentId;
use tokio_util::sync::CancellationToken;

use super::service::AgentService;
use crate::access::AgentIdentity;
use crate::net::{KEEP_ALIVE, lease};
use crate::state::{AppState, Event};
use crate::store::{StoreError, agent_presence, now};

/// What the older of two connections with one token is told.
const REPLACED: &str =
    "replaced: the same workspace daemon token connected again, from another process or after a network change";
/// How long the older connection has to take that in.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Which connection of each daemon is the current one.
#[derive(Default)]
pub struct Presence {
    current: Mutex<HashMap<AgentId, (u64, CancellationToken)>>,
    last: std::sync::atomic::AtomicU64,
}

impl Presence {
    /// Makes this the current connection; the one before is told to go.
    fn enter(&self, agent: AgentId) -> (u64, CancellationToken) {
        let number = self.last.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let replaced = CancellationToken::new();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, older)) = current.insert(agent, (number, replaced.clone())) {
            older.cancel();
        }
        (number, replaced)
    }

    /// Whether this was the current connection.
    fn leave(&self, agent: AgentId, number: u64) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = current.get(&agent).is_some_and(|(other, _)| *other == number);
        if is_current {
            current.remove(&agent);
        }
        is_current
    }

    /// How many daemons are connected.
    #[must_use]
    pub fn count(&self) -> usize {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Serves a daemon's connection to its end. `is_daemon`: its coming and going is what people see as the daemon's.
pub async fn serve(state: AppState, agent: AgentIdentity, version: ApiVersion, is_daemon: bool, io: impl rpc::Io) {
    let revoked = CancellationToken::new();
    let service = Arc::new(AgentService::new(state.clone(), agent.clone(), revoked.clone()));
    let serving = rpc::serve(io, service);
    let mut serving = std::pin::pin!(serving);
    let watched = async { if is_daemon { watch(&state, &agent, version).await } else { std::future::pending().await } };
    let why = tokio::select! {
        ended = &mut serving => ended.map_or_else(|error| error.to_string(), |()| "the daemon closed it".into()),
        () = lease::of_agent(&state, agent.id) => {
            revoked.cancel();
            "a newer build replaced this daemon".into()
        }
        why = watched => {
            // The replaced process is told by the end of its coordination stream, which carries the reason.
            let _ = tokio::time::timeout(LAST_WORDS, &mut serving).await;
            why
        }
        () = state.stop.cancelled() => "the server stops".into(),
    };
    tracing::info!(agent = %agent.id, workspace = %agent.workspace_name, why, "a workspace daemon's connection ended");
}

/// Notes the daemon as connected for as long as the future lives. Resolves when it must end.
async fn watch(state: &AppState, agent: &AgentIdentity, version: ApiVersion) -> String {
    let (number, replaced) = state.net.presence.enter(agent.id);
    let _guard = Present { state, agent, number };
    let (id, version) = (agent.id, version.to_string());
    let noted = state.store.write(move |db| agent_presence::connected(db, id, &version, now())).await;
    if let Err(error) = noted {
        tracing::warn!(agent = %id, %error, "a workspace daemon's connection could not be noted");
    }
    state.events.send(Event::Agent { agent: id, workspace: agent.workspace_id });
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    loop {
        tokio::select! {
            () = replaced.cancelled() => {
                state.net.coordinator.expel(id.into(), REPLACED);
                return REPLACED.into();
            }
            _ = tick.tick() => match state.store.write(move |db| agent_presence::seen(db, id, now())).await {
                Ok(true) => {}
                Ok(false) | Err(StoreError::NotFound) => return "a newer build replaced this daemon".into(),
                Err(error) => tracing::warn!(agent = %id, %error, "a workspace daemon's presence could not be noted"),
            }
        }
    }
}

/// Notes the daemon as disconnected when its current connection ends, however it ends.
struct Present<'a> {
    state: &'a AppState,
    agent: &'a AgentIdentity,
    number: u64,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        if !self.state.net.presence.leave(self.agent.id, self.number) {
            return;
        }
        let (state, agent, workspace) = (self.state.clone(), self.agent.id, self.agent.workspace_id);
        let left_at = now();
        tokio::spawn(async move {
            let noted = state.store.write(move |db| agent_presence::disconnected(db, agent, left_at)).await;
            if let Err(error) = noted {
                tracing::warn!(%agent, %error, "a workspace daemon's end could not be noted");
            }
            state.events.send(Event::Agent { agent, workspace });
        });
    }
}
