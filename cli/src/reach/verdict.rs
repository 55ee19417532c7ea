//! Whether a workspace daemon can be used now, later or never. Decides from one answer of the server; waits for nothing.

use proto::rest::agent::{Agent, AgentLifecycle, AgentStatus, StartupScriptBehavior};

use super::Wait;

/// What to do about a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Use it; with a word of warning.
    Ready(Option<String>),
    /// Look again later; the text says what is awaited.
    Wait(String),
    /// Look again when its startup scripts have ended; until then their log is worth reading.
    WaitForScripts(String),
    /// It will not come.
    Never(String),
}

/// Judges a daemon.
pub fn verdict(agent: &Agent, wait: Wait) -> Verdict {
    let name = &agent.name;
    let help = match agent.troubleshooting_url.as_str() {
        "" => String::new(),
        url => format!(" Help: {url}"),
    };
    match agent.status {
        AgentStatus::Connecting => {
            return Verdict::Wait(format!("Waiting for the workspace daemon {name} to connect.{help}"));
        }
        AgentStatus::Timeout => {
            return Verdict::Wait(format!(
                "The workspace daemon {name} needs longer than {} s to connect; still waiting.{help}",
                agent.connection_timeout_seconds
            ));
        }
        AgentStatus::Disconnected => {
            return Verdict::Wait(format!(
                "The workspace daemon {name} lost its connection; waiting for it to come back.{help}"
            ));
        }
        AgentStatus::Connected | AgentStatus::Unknown => {}
    }
    let waits = match wait {
        Wait::Yes => true,
        Wait::No => false,
        Wait::Auto => agent.startup_script_behavior == StartupScriptBehavior::Blocking,
    };
    match agent.lifecycle_state {
        AgentLifecycle::ShuttingDown
        | AgentLifecycle::ShutdownTimeout
        | AgentLifecycle::ShutdownError
        | AgentLifecycle::Off => Verdict::Never(format!("the workspace daemon {name} is shutting down")),
        AgentLifecycle::Created | AgentLifecycle::Starting if waits => {
            Verdict::WaitForScripts(format!("Waiting for the startup script of {name}; `--wait=no` connects at once."))
        }
        AgentLifecycle::StartTimeout if waits => {
            Verdict::Ready(Some(format!("The startup script of {name} takes longer than it should.")))
        }
        AgentLifecycle::StartError if waits => {
            Verdict::Ready(Some(format!("The startup script of {name} failed; the workspace may be incomplete.")))
        }
        _ => Verdict::Ready(None),
    }
}
