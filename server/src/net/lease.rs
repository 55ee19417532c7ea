//! When the right to hold a long-lived connection ends: the key was revoked or ran out, the daemon was retired (promise
//! K6: within a second). Each function resolves then, and not before.

use std::time::Duration;

use proto::id::AgentId;
use proto::rest::Time;
use tokio::sync::broadcast::error::RecvError;

use crate::access::User;
use crate::state::{AppState, Event};
use crate::store::{agents, keys, now};

/// The wall clock is looked at this often, at least: it may jump, and timers do not notice.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// Resolves when the user's key ended. One that is used meanwhile, by other requests, ends later than it was to.
pub async fn of_user(state: &AppState, user: &User) {
    of_user_by(state, user, now).await;
}

async fn of_user_by(state: &AppState, user: &User, now: impl Fn() -> Time) {
    let mut events = state.events.listen();
    let Some(mut ends) = end_of_key(state, user).await else { return };
    loop {
        let left = Duration::try_from(ends.0 - now().0).unwrap_or_default();
        if left.is_zero() {
            match end_of_key(state, user).await {
                Some(later) if later > ends => ends = later,
                _ => return,
            }
            continue;
        }
        let event = tokio::time::timeout(left.min(LOOK_AGAIN), events.recv()).await;
        match event {
            Err(_) => {}
            Ok(Ok(Event::KeyRevoked { key })) if key == user.key_id => return,
            Ok(Ok(_)) => {}
            Ok(Err(RecvError::Lagged(_))) if end_of_key(state, user).await.is_some() => {}
            Ok(Err(_)) => return,
        }
    }
}

/// `None` when the key is there no more, or its account may not sign in.
async fn end_of_key(state: &AppState, user: &User) -> Option<Time> {
    let id = user.key_id.clone();
    // A store that cannot answer is no reason to let somebody stay.
    let key = state.store.read(move |db| keys::with_user(db, &id)).await.ok()?;
    key.active.then_some(key.user.expires_at)
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

#[cfg(test)]
mod tests;
