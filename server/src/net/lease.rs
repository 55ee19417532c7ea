//! When the right to hold a long-lived connection ends: the key was revoked or ran out, the daemon was retired (promise
//! K6: within a second). Each function resolves then, and not before.

use std::time::Duration;

use proto::id::AgentId;
use tokio::sync::broadcast::error::RecvError;

use crate::access::User;
use crate::state::{AppState, Event};
use crate::store::{agents, keys, now};

/// The wall clock is looked at this often, at least: it may jump, and timers do not notice.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// Resolves when the user's key ended.
pub async fn of_user(state: &AppState, user: &User) {
    let mut events = state.events.listen();
    if !key_is_good(state, user).await {
        return;
    }
    loop {
        let left = Duration::try_from(user.expires_at.0 - now().0).unwrap_or_default();
        if left.is_zero() {
            return;
        }
        let event = tokio::time::timeout(left.min(LOOK_AGAIN), events.recv()).await;
        match event {
            Err(_) => {}
            Ok(Ok(Event::KeyRevoked { key })) if key == user.key_id => return,
            Ok(Ok(_)) => {}
            Ok(Err(RecvError::Lagged(_))) if key_is_good(state, user).await => {}
            Ok(Err(_)) => return,
        }
    }
}

async fn key_is_good(state: &AppState, user: &User) -> bool {
    let id = user.key_id.clone();
    // A store that cannot answer is no reason to let somebody stay.
    state.store.read(move |db| keys::with_user(db, &id)).await.is_ok_and(|key| key.active)
}

/// Resolves when the daemon was retired.
pub async fn of_agent(state: &AppState, agent: AgentId) {
    let mut events = state.events.listen();
    if !agent_is_good(state, agent).await {
        return;
    }
    loop {
        match events.recv().await {
            Ok(Event::AgentRetired { agent: retired }) if retired == agent => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) if agent_is_good(state, agent).await => {}
            Err(_) => return,
        }
    }
}

async fn agent_is_good(state: &AppState, agent: AgentId) -> bool {
    state.store.read(move |db| agents::place(db, agent)).await.is_ok_and(|place| !place.retired)
}
