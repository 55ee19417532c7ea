//! Builds: one provisioning run of a workspace.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::job::{Job, MatchedProvisioners};
use super::resource::Resource;
use super::word::words;
use super::{Time, null_default};
use crate::id::{BuildId, TemplateVersionId, UserId, WorkspaceId};

words! {
    /// What a build does to a workspace.
    Transition { Start = "start", Stop = "stop", Delete = "delete" }
}

words! {
    /// Who or what asked for a build.
    BuildReason {
        Initiator = "initiator", Autostart = "autostart", Autostop = "autostop", Dormancy = "dormancy",
        Dashboard = "dashboard", Cli = "cli", SshConnection = "ssh_connection",
        VscodeConnection = "vscode_connection", JetbrainsConnection = "jetbrains_connection",
    }
}

words! {
    /// A workspace as its latest build left it.
    WorkspaceStatus {
        Pending = "pending", Starting = "starting", Running = "running", Stopping = "stopping", Stopped = "stopped",
        Failed = "failed", Canceling = "canceling", Canceled = "canceled", Deleting = "deleting", Deleted = "deleted",
    }
}

/// A build.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Build {
    pub id: BuildId,
    pub created_at: Time,
    pub updated_at: Time,
    pub workspace_id: WorkspaceId,
    pub workspace_name: String,
    pub workspace_owner_id: UserId,
    pub workspace_owner_name: String,
    pub workspace_owner_avatar_url: String,
    pub template_version_id: TemplateVersionId,
    pub template_version_name: String,
    /// From 1, without gaps within a workspace.
    pub build_number: i32,
    pub transition: Transition,
    pub initiator_id: UserId,
    pub initiator_name: String,
    pub job: Job,
    pub reason: BuildReason,
    #[serde(deserialize_with = "null_default")]
    pub resources: Vec<Resource>,
    /// When the workspace stops by itself.
    pub deadline: Option<Time>,
    pub max_deadline: Option<Time>,
    pub status: WorkspaceStatus,
    pub daily_cost: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_provisioners: Option<MatchedProvisioners>,
    pub template_version_preset_id: Option<uuid::Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_ai_task: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_task_sidebar_app_id: Option<uuid::Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_external_agent: Option<bool>,
}

/// `POST workspaces/{id}/builds`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct CreateBuild {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version_id: Option<TemplateVersionId>,
    pub transition: Transition,
    pub dry_run: bool,
    pub orphan: bool,
    #[serde(deserialize_with = "null_default")]
    pub rich_parameter_values: Vec<BuildParameter>,
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "null_default")]
    pub log_level: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<BuildReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version_preset_id: Option<uuid::Uuid>,
}

/// A value given for a parameter of the template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct BuildParameter {
    pub name: String,
    pub value: String,
}

/// `GET workspacebuilds/{id}/timings` and `GET workspaces/{id}/timings`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Timings {
    #[serde(deserialize_with = "null_default")]
    pub provisioner_timings: Vec<ProvisionerTiming>,
    #[serde(deserialize_with = "null_default")]
    pub agent_script_timings: Vec<ScriptTiming>,
    #[serde(deserialize_with = "null_default")]
    pub agent_connection_timings: Vec<ConnectionTiming>,
}

/// How long a step of the provisioner took.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ProvisionerTiming {
    pub job_id: crate::id::JobId,
    pub started_at: Time,
    pub ended_at: Time,
    /// `init`, `plan`, `graph`, `apply`.
    pub stage: String,
    pub source: String,
    pub action: String,
    pub resource: String,
}

/// How long a script of a workspace daemon took.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ScriptTiming {
    pub started_at: Time,
    pub ended_at: Time,
    pub exit_code: i32,
    /// `start`, `stop`, `cron`.
    pub stage: String,
    /// `ok`, `exit_failure`, `timed_out`, `pipes_left_open`.
    pub status: String,
    pub display_name: String,
    pub workspace_agent_id: String,
    pub workspace_agent_name: String,
}

/// How long a workspace daemon took to connect.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ConnectionTiming {
    pub started_at: Time,
    pub ended_at: Time,
    /// `connect`.
    pub stage: String,
    pub workspace_agent_id: String,
    pub workspace_agent_name: String,
}
