//! From a name to a workspace daemon that is ready: finds the workspace, starts it when it is stopped, waits for the
//! daemon and its startup script. What `ssh`, `port-forward`, `ping` and `speedtest` share. No mesh here.

mod script_log;
mod verdict;

use std::time::Duration;

use clap::ValueEnum;
use client::{ClientError, Deployment};
use proto::rest::agent::Agent;
use proto::rest::build::{BuildReason, CreateBuild, Transition, WorkspaceStatus};
use proto::rest::workspace::Workspace;

use crate::failure::failure;
use crate::target::Target;
use crate::terminal::progress;
use crate::{build, follow};
use script_log::ScriptLog;
pub use verdict::{Verdict, verdict};

/// Whether to wait for startup scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Wait {
    /// Wait.
    Yes,
    /// Do not wait.
    No,
    /// As the template says.
    #[default]
    Auto,
}

/// What a command wants of the way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policy {
    /// Startup scripts.
    pub wait: Wait,
    /// Start a stopped workspace.
    pub autostart: bool,
    /// Do not show what startup scripts say while they are waited for.
    pub quiet: bool,
}

/// First pause between looks at a daemon; it doubles up to `LONGEST`.
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);
/// After this much waiting the person is told what is going on.
const PATIENCE: Duration = Duration::from_secs(3);

/// Finds a workspace.
pub async fn workspace(deployment: &Deployment, target: &Target) -> anyhow::Result<Workspace> {
    match deployment.workspace_of(target.owner_or_me(), &target.workspace).await {
        Err(error) if error.is_not_found() => {
            let name = Target { agent: None, ..target.clone() };
            Err(failure(format!("there is no workspace `{name}`"), "`homeport list --all` shows those you may see"))
        }
        other => Ok(other?),
    }
}

/// Finds the workspace and its daemon, running and ready as the policy wants.
pub async fn agent(deployment: &Deployment, target: &Target, policy: Policy) -> anyhow::Result<(Workspace, Agent)> {
    let found = workspace(deployment, target).await?;
    let running = Box::pin(started(deployment, found, target, policy.autostart)).await?;
    let agent = choose(&running, target)?;
    let agent = ready(deployment, agent, policy).await?;
    Ok((running, agent))
}

async fn started(
    deployment: &Deployment,
    workspace: Workspace,
    target: &Target,
    autostart: bool,
) -> anyhow::Result<Workspace> {
    let latest = &workspace.latest_build;
    match latest.status {
        WorkspaceStatus::Running => return Ok(workspace),
        WorkspaceStatus::Pending | WorkspaceStatus::Starting if latest.transition == Transition::Start => {
            progress(&format!("{target} is starting."));
            follow::to_end(deployment, latest).await?;
        }
        WorkspaceStatus::Deleting | WorkspaceStatus::Deleted => {
            return Err(failure(format!("{target} is being deleted"), "`homeport list` shows the others"));
        }
        _ if !autostart => {
            return Err(failure(
                format!("{target} is {}", latest.status),
                format!("start it with `homeport start {target}`"),
            ));
        }
        _ => {
            progress(&format!("{target} is {}; starting it.", latest.status));
            let wanted = CreateBuild {
                transition: Transition::Start,
                reason: Some(BuildReason::SshConnection),
                ..CreateBuild::default()
            };
            let queued = match build::request(deployment, &workspace, &wanted).await {
                // An older deployment may not know the reason.
                Err(error) if is_bad_request(&error) => {
                    build::request(deployment, &workspace, &CreateBuild { reason: None, ..wanted }).await?
                }
                other => other?,
            };
            follow::to_end(deployment, &queued).await?;
        }
    }
    Ok(deployment.workspace(workspace.id).await?)
}

fn is_bad_request(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ClientError>().and_then(ClientError::status) == Some(400)
}

/// The daemon that was named, or the only one.
fn choose(workspace: &Workspace, target: &Target) -> anyhow::Result<Agent> {
    let mut agents: Vec<Agent> =
        workspace.latest_build.resources.iter().flat_map(|resource| resource.agents.iter().cloned()).collect();
    let names = agents.iter().map(|agent| agent.name.clone()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = &target.agent {
        return agents.into_iter().find(|agent| &agent.name == wanted).ok_or_else(|| {
            failure(format!("{} has no daemon `{wanted}`", workspace.name), format!("choose from {names}"))
        });
    }
    // Daemons of dev containers are reached by their name only.
    if agents.iter().any(|agent| agent.parent_id.is_none()) {
        agents.retain(|agent| agent.parent_id.is_none());
    }
    match agents.len() {
        0 => Err(failure(format!("{} has no workspace daemon", workspace.name), "check its template")),
        1 => Ok(agents.remove(0)),
        _ => Err(failure(
            format!("{} has several daemons", workspace.name),
            format!("name one, as {}.<daemon>: {names}", workspace.name),
        )),
    }
}

/// Waits until the daemon is connected and, if wanted, its startup script is done.
async fn ready(deployment: &Deployment, mut agent: Agent, policy: Policy) -> anyhow::Result<Agent> {
    let (mut pause, mut waited, mut told) = (SHORTEST, Duration::ZERO, String::new());
    let mut log = None;
    loop {
        let verdict = verdict(&agent, policy.wait);
        if matches!(verdict, Verdict::WaitForScripts(_)) && !policy.quiet {
            log.get_or_insert_with(|| ScriptLog::show(deployment, agent.id));
        }
        match verdict {
            Verdict::Ready(warning) => {
                if let Some(log) = log {
                    log.finish().await;
                }
                if let Some(warning) = warning {
                    progress(&warning);
                }
                return Ok(agent);
            }
            Verdict::Wait(why) | Verdict::WaitForScripts(why) => {
                if waited >= PATIENCE && why != told {
                    progress(&why);
                    told = why;
                }
            }
            Verdict::Never(why) => return Err(failure(why, "start it again with `homeport restart`")),
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(LONGEST);
        agent = match deployment.agent(agent.id).await {
            Ok(agent) => agent,
            // A restarting server is not the daemon's end.
            Err(error) if error.status().is_none_or(|status| status >= 500) => agent,
            Err(error) => return Err(error.into()),
        };
    }
}

#[cfg(test)]
mod tests;
