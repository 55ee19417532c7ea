//! What startup scripts say while a person waits for them, on standard error. Not for deciding how long to wait.

use std::time::Duration;

use client::{ClientError, Deployment};
use proto::id::AgentId;
use proto::rest::agent::AgentLog;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::terminal::progress;

/// The last lines come a moment after the daemon's new state; this much silence is their end.
const SILENCE: Duration = Duration::from_millis(200);
/// A log that never falls silent does not keep the person from the workspace.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows the log of a workspace daemon until it is finished or dropped.
pub struct ScriptLog {
    task: AbortHandle,
    shown: watch::Receiver<i64>,
}

impl ScriptLog {
    /// Begins with the first line.
    pub fn show(deployment: &Deployment, agent: AgentId) -> Self {
        let (last, shown) = watch::channel(0);
        let deployment = deployment.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = follow(&deployment, agent, &last).await {
                // The log is a courtesy: without it the person still waits for the right thing.
                tracing::debug!(%error, "the log of the startup scripts cannot be shown");
            }
        });
        Self { task: task.abort_handle(), shown }
    }

    /// Shows what is still on its way.
    pub async fn finish(mut self) {
        let silent =
            async { while tokio::time::timeout(SILENCE, self.shown.changed()).await.is_ok_and(|line| line.is_ok()) {} };
        let _ = tokio::time::timeout(PATIENCE, silent).await;
    }
}

impl Drop for ScriptLog {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(deployment: &Deployment, agent: AgentId, last: &watch::Sender<i64>) -> Result<(), ClientError> {
    let mut log = deployment.follow_agent_log(agent, 0).await?;
    while let Some(line) = log.next().await? {
        progress(&shown(&line));
        last.send_replace(line.id);
    }
    Ok(())
}

/// Indented as the lines of a build are, so that they are not taken for our own words.
fn shown(line: &AgentLog) -> String {
    format!("    {}", line.output)
}
