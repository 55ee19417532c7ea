//! Tells the deployment that a workspace is in use, so that it does not stop under its user.

use std::time::Duration;

use client::Deployment;
use proto::id::{AgentId, WorkspaceId};
use proto::rest::workspace::WorkspaceUsage;
use tokio::task::AbortHandle;

const PERIOD: Duration = Duration::from_secs(60);

/// Reports until it is dropped.
pub struct Usage(AbortHandle);

/// Starts reporting; `app` is `ssh` without a word, and `disable` turns it off.
pub fn report(deployment: &Deployment, workspace: WorkspaceId, agent: AgentId, app: Option<&str>) -> Option<Usage> {
    let app = app.filter(|app| !app.is_empty()).unwrap_or("ssh");
    if app == "disable" {
        return None;
    }
    let usage = WorkspaceUsage { agent_id: Some(agent), app_name: app.to_owned() };
    let deployment = deployment.clone();
    let task = tokio::spawn(async move {
        loop {
            // The first report waits too: short commands cost the server nothing.
            tokio::time::sleep(PERIOD).await;
            if let Err(error) = deployment.report_usage(workspace, &usage).await {
                tracing::debug!(%error, "the use of the workspace was not reported");
            }
        }
    });
    Some(Usage(task.abort_handle()))
}

impl Drop for Usage {
    fn drop(&mut self) {
        self.0.abort();
    }
}
