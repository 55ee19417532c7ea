//! Workspace daemons (`agent` on the wire) as clients see them.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::app::App;
use super::word::words;
use super::{Time, null_default};
use crate::derp_map::DerpMap;
use crate::id::{AgentId, LogSourceId, ResourceId, ScriptId};

words! {
    /// Whether the daemon is connected to the server.
    AgentStatus {
        Connecting = "connecting", Connected = "connected", Disconnected = "disconnected", Timeout = "timeout",
    }
}

words! {
    /// Where the daemon stands with its scripts.
    AgentLifecycle {
        Created = "created", Starting = "starting", StartTimeout = "start_timeout", StartError = "start_error",
        Ready = "ready", ShuttingDown = "shutting_down", ShutdownTimeout = "shutdown_timeout",
        ShutdownError = "shutdown_error", Off = "off",
    }
}

words! {
    /// Whether a login waits for the startup script.
    StartupScriptBehavior { NonBlocking = "non-blocking", Blocking = "blocking" }
}

/// A workspace daemon.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Agent {
    pub id: AgentId,
    /// Set for a sub-daemon of a dev container.
    pub parent_id: Option<AgentId>,
    pub created_at: Time,
    pub updated_at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_connected_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connected_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Time>,
    pub status: AgentStatus,
    pub lifecycle_state: AgentLifecycle,
    pub name: String,
    pub resource_id: ResourceId,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance_id: String,
    pub architecture: String,
    #[serde(deserialize_with = "null_default")]
    pub environment_variables: BTreeMap<String, String>,
    pub operating_system: String,
    pub logs_length: i32,
    pub logs_overflowed: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub directory: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expanded_directory: String,
    pub version: String,
    pub api_version: String,
    #[serde(deserialize_with = "null_default")]
    pub apps: Vec<App>,
    /// By region name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_default")]
    pub latency: BTreeMap<String, AgentLatency>,
    pub connection_timeout_seconds: i32,
    pub troubleshooting_url: String,
    #[serde(deserialize_with = "null_default")]
    pub subsystems: Vec<String>,
    pub health: AgentHealth,
    /// `vscode`, `vscode_insiders`, `web_terminal`, `ssh_helper`, `port_forwarding_helper`.
    #[serde(deserialize_with = "null_default")]
    pub display_apps: Vec<String>,
    #[serde(deserialize_with = "null_default")]
    pub log_sources: Vec<AgentLogSource>,
    #[serde(deserialize_with = "null_default")]
    pub scripts: Vec<AgentScript>,
    pub startup_script_behavior: StartupScriptBehavior,
}

/// How far a relay region is from the daemon.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentLatency {
    pub preferred: bool,
    pub latency_ms: f64,
}

/// Whether the daemon does its work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentHealth {
    pub healthy: bool,
    /// Absent when healthy.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Where lines of a daemon's log come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentLogSource {
    pub workspace_agent_id: AgentId,
    pub id: LogSourceId,
    pub created_at: Time,
    pub display_name: String,
    pub icon: String,
}

/// A script that the daemon runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentScript {
    pub id: ScriptId,
    pub log_source_id: LogSourceId,
    pub log_path: String,
    pub script: String,
    pub cron: String,
    pub run_on_start: bool,
    pub run_on_stop: bool,
    pub start_blocks_login: bool,
    /// Nanoseconds; 0 means none.
    pub timeout: i64,
    pub display_name: String,
}

/// One line of a daemon's log; streams send lists of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AgentLog {
    pub id: i64,
    pub created_at: Time,
    pub output: String,
    pub level: super::job::LogLevel,
    pub source_id: LogSourceId,
}

/// `PATCH workspaceagents/me/logs`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PatchAgentLogs {
    pub log_source_id: LogSourceId,
    #[serde(deserialize_with = "null_default")]
    pub logs: Vec<NewAgentLog>,
}

/// A line that a daemon sends.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewAgentLog {
    pub created_at: Time,
    pub output: String,
    pub level: super::job::LogLevel,
}

/// `POST workspaceagents/me/log-source`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateLogSource {
    pub id: LogSourceId,
    pub display_name: String,
    pub icon: String,
}

/// `GET workspaceagents/me/gitsshkey`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentGitSshKey {
    pub public_key: String,
    /// Secret.
    pub private_key: String,
}

/// `GET workspaces/{id}/external-agent/{name}/credentials`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalAgentCredentials {
    /// For a shell of the other computer. Secret: the token is in it.
    pub command: String,
    /// Secret.
    pub agent_token: String,
}

/// `GET workspaceagents/connection` and `…/{id}/connection`: what a mesh client needs before it dials.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionInfo {
    pub derp_map: Option<DerpMap>,
    pub derp_force_websockets: bool,
    pub disable_direct_connections: bool,
    /// Suffix of names, without a dot; empty from old servers, which mean `coder`.
    pub hostname_suffix: String,
}

/// `GET workspaceagents/{id}/listening-ports`, also the daemon's own answer on mesh port 4.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ListeningPorts {
    #[serde(deserialize_with = "null_default")]
    pub ports: Vec<ListeningPort>,
}

/// A port on which something in the workspace listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ListeningPort {
    pub process_name: String,
    /// `tcp`.
    pub network: String,
    pub port: u16,
}
