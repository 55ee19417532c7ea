//! One watcher per daemon of this computer: when it ends though it shall run, it is started again, later each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use proto::id::WorkspaceId;
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use super::{process, provision};
use crate::state::AppState;
use crate::store::Result;
use crate::store::daemons::{self, Daemon};

/// First pause before a daemon is started again.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// A daemon that ran this long was well: the next pause is the first again.
const WELL: Duration = Duration::from_secs(60);

/// The watchers.
#[derive(Default)]
pub struct Supervisor {
    watched: Mutex<HashMap<WorkspaceId, CancellationToken>>,
}

impl Supervisor {
    /// Watches a daemon from now on. Without a child it is one that an earlier server started, or one that is not there.
    pub fn watch(&self, state: &AppState, daemon: Daemon, child: Option<Child>) {
        let end = state.stop.child_token();
        let before = self.lock().insert(daemon.workspace, end.clone());
        if let Some(before) = before {
            before.cancel();
        }
        let state = state.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = end.cancelled() => {}
                () = keep_running(&state, daemon, child) => {}
            }
        });
    }

    /// Stops watching; the daemon is left as it is.
    pub fn release(&self, workspace: WorkspaceId) {
        if let Some(end) = self.lock().remove(&workspace) {
            end.cancel();
        }
    }

    /// Stops watching all of them and ends them. Those that shall run are started again by the next server.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_all(&self, state: &AppState) -> Result<()> {
        for (_, end) in self.lock().drain() {
            end.cancel();
        }
        let daemons = state.store.read(daemons::all).await?;
        let ends = daemons.into_iter().filter_map(|daemon| daemon.process).map(|pid| process::end(pid, process::GRACE));
        futures_util::future::join_all(ends).await;
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<WorkspaceId, CancellationToken>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keep_running(state: &AppState, mut daemon: Daemon, mut child: Option<Child>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        if let Some(child) = &mut child {
            match child.wait().await {
                Ok(status) => tracing::warn!(workspace = %daemon.workspace, %status, "a workspace daemon ended"),
                Err(error) => tracing::warn!(workspace = %daemon.workspace, %error, "a workspace daemon is lost"),
            }
        } else if let Some(process) = daemon.process {
            process::gone(process).await;
            tracing::warn!(workspace = %daemon.workspace, "a workspace daemon of an earlier server ended");
        }
        daemon.process = None;
        pause = next_pause(pause, began.elapsed());
        tokio::time::sleep(pause).await;
        child = match provision::launch(state, &daemon).await {
            Ok(child) => Some(child),
            Err(error) => {
                tracing::error!(workspace = %daemon.workspace, %error, "a workspace daemon could not be started again");
                None
            }
        };
    }
}

fn next_pause(before: Duration, ran: Duration) -> Duration {
    if ran >= WELL { FIRST_PAUSE } else { (before * 2).min(LAST_PAUSE) }
}

#[cfg(test)]
mod tests;
