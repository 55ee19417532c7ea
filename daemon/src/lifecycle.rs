//! Where this daemon is in its life, and which of that the server knows. Not for doing anything at a change.
//!
//! States only go forward; each is reported once, in order, over however many connections that takes
//! (spec `agent-rpc.md` 6 and 6.1).

use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::agent::{Lifecycle, LifecycleState};
use proto::wkt::Timestamp;
use tokio::sync::Notify;

/// The pure part: the states so far and how many of them the server has acknowledged.
#[derive(Debug, Default)]
pub struct History {
    states: Vec<(LifecycleState, Timestamp)>,
    acknowledged: usize,
}

impl History {
    /// Enters a state; `false` (and no change) when it would go back or stand still.
    pub fn enter(&mut self, state: LifecycleState, at: Timestamp) -> bool {
        if state <= self.current() {
            return false;
        }
        self.states.push((state, at));
        true
    }

    /// The state now; [`LifecycleState::Created`] before the first one.
    pub fn current(&self) -> LifecycleState {
        self.states.last().map_or(LifecycleState::Created, |(state, _)| *state)
    }

    /// The oldest state that the server does not know yet.
    pub fn unreported(&self) -> Option<Lifecycle> {
        let (state, at) = self.states.get(self.acknowledged)?;
        Some(Lifecycle { state: (*state).into(), changed_at: Some(*at) })
    }

    /// The server knows the state that [`History::unreported`] gave.
    pub fn acknowledge(&mut self) {
        self.acknowledged = (self.acknowledged + 1).min(self.states.len());
    }
}

/// The history as tasks share it: one side enters states, the other waits for what is to be reported.
#[derive(Debug, Default)]
pub struct Life {
    history: Mutex<History>,
    changed: Notify,
}

impl Life {
    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`History::enter`].
    pub fn enter(&self, state: LifecycleState, at: Timestamp) {
        if self.lock().enter(state, at) {
            tracing::info!(?state, "lifecycle");
            self.changed.notify_waiters();
        }
    }

    /// See [`History::acknowledge`].
    pub fn acknowledge(&self) {
        self.lock().acknowledge();
        self.changed.notify_waiters();
    }

    /// The next state to report, as soon as there is one.
    pub async fn next_report(&self) -> Lifecycle {
        loop {
            let changed = self.changed.notified();
            if let Some(state) = self.lock().unreported() {
                return state;
            }
            changed.await;
        }
    }

    /// Resolves when the server knows every state so far.
    pub async fn settled(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().unreported().is_none() {
                return;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests;
