//! Metadata of daemons on its way to the store: the last value of each key wins, and all that waits is written together.
//!
//! A kill loses at most [`PACE`] of it, which is fine for values that are collected again; nothing else goes this way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use proto::id::AgentId;
use proto::rest::Time;
use tokio::sync::Notify;

use crate::state::AppState;
use crate::store::{StoreError, agent_metadata};

/// How long a value waits, at most: a thousand daemons then cost two writes a second.
pub const PACE: Duration = Duration::from_millis(500);
/// Values that wait, at most; a value and its error have 4 KiB.
const MAX_WAITING: usize = 4096;

/// One result of a daemon's script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What it printed.
    pub value: String,
    /// Why there is none.
    pub error: String,
    /// When.
    pub collected_at: Time,
}

/// The values that wait.
#[derive(Default)]
pub struct Latest {
    waiting: Mutex<HashMap<(AgentId, String), Value>>,
    wake: Notify,
}

impl Latest {
    /// Takes a value in place of the one before. Whether so much waits that it must be written at once.
    pub fn put(&self, agent: AgentId, key: String, value: Value) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert((agent, key), value);
        let is_full = waiting.len() >= MAX_WAITING;
        drop(waiting);
        self.wake.notify_one();
        is_full
    }

    fn take(&self) -> HashMap<(AgentId, String), Value> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Writes what waits, now, and tells who watches.
///
/// # Errors
/// The store's; then what waited is lost, and collected again.
pub async fn flush(state: &AppState) -> Result<(), StoreError> {
    let values = state.net.latest.take();
    if values.is_empty() {
        return Ok(());
    }
    let agents: std::collections::HashSet<AgentId> = values.keys().map(|(agent, _)| *agent).collect();
    let write = state.store.write(move |db| {
        for ((agent, key), one) in &values {
            agent_metadata::set(db, *agent, key, &one.value, &one.error, one.collected_at)?;
        }
        Ok(())
    });
    write.await?;
    agents.into_iter().for_each(|agent| state.net.tell_metadata(agent));
    Ok(())
}

/// Writes what waits at the pace, and once more when the server stops.
pub async fn keep_writing(state: AppState) {
    loop {
        let is_over = tokio::select! {
            () = state.stop.cancelled() => true,
            () = async {
                state.net.latest.wake.notified().await;
                tokio::time::sleep(PACE).await;
            } => false,
        };
        if let Err(error) = flush(&state).await {
            tracing::warn!(%error, "metadata of workspace daemons was not written");
        }
        if is_over {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
