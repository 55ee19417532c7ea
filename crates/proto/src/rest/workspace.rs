//! Workspaces: the rows of a list, their health, and what creates and changes them.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::build::{Build, BuildParameter};
use super::word::words;
use super::{Time, null_default};
use crate::id::{AgentId, OrganizationId, TemplateId, TemplateVersionId, UserId, WorkspaceId};

words! {
    /// Whether a workspace follows its template by itself.
    AutomaticUpdates { Never = "never", Always = "always" }
}

/// A workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub created_at: Time,
    pub updated_at: Time,
    pub owner_id: UserId,
    pub owner_name: String,
    pub owner_avatar_url: String,
    pub organization_id: OrganizationId,
    pub organization_name: String,
    pub template_id: TemplateId,
    pub template_name: String,
    pub template_display_name: String,
    pub template_icon: String,
    pub template_allow_user_cancel_workspace_jobs: bool,
    pub template_active_version_id: TemplateVersionId,
    pub template_require_active_version: bool,
    pub template_use_classic_parameter_flow: bool,
    pub latest_build: Build,
    #[cfg_attr(test, ts(type = "unknown"))]
    pub latest_app_status: Option<serde_json::Value>,
    pub outdated: bool,
    pub name: String,
    /// Five-field cron line, with an optional `CRON_TZ=` in front.
    pub autostart_schedule: Option<String>,
    pub ttl_ms: Option<i64>,
    pub last_used_at: Time,
    pub deleting_at: Option<Time>,
    pub dormant_at: Option<Time>,
    pub health: WorkspaceHealth,
    pub automatic_updates: AutomaticUpdates,
    pub allow_renames: bool,
    pub favorite: bool,
    pub next_start_at: Option<Time>,
    pub is_prebuild: bool,
}

/// Whether all daemons of a workspace are well.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct WorkspaceHealth {
    pub healthy: bool,
    #[serde(deserialize_with = "null_default")]
    pub failing_agents: Vec<AgentId>,
}

/// `GET workspaces`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct WorkspaceList {
    #[serde(deserialize_with = "null_default")]
    pub workspaces: Vec<Workspace>,
    pub count: i64,
}

/// `POST users/{user}/workspaces`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct CreateWorkspace {
    /// Exactly one of this and `template_version_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<TemplateId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version_id: Option<TemplateVersionId>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autostart_schedule: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<i64>,
    #[serde(deserialize_with = "null_default")]
    pub rich_parameter_values: Vec<BuildParameter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_updates: Option<AutomaticUpdates>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version_preset_id: Option<uuid::Uuid>,
}

/// `PATCH workspaces/{id}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UpdateWorkspace {
    pub name: String,
}

/// `PUT workspaces/{id}/autostart`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UpdateAutostart {
    pub schedule: Option<String>,
}

/// `PUT workspaces/{id}/ttl`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UpdateTtl {
    pub ttl_ms: Option<i64>,
}

/// `PUT workspaces/{id}/extend`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ExtendWorkspace {
    pub deadline: Time,
}

/// `PUT workspaces/{id}/autoupdates`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UpdateAutomaticUpdates {
    pub automatic_updates: AutomaticUpdates,
}

/// `PUT workspaces/{id}/dormant`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UpdateDormancy {
    pub dormant: bool,
}

/// `POST workspaces/{id}/usage`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct WorkspaceUsage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// `vscode`, `jetbrains`, `reconnecting-pty`, `ssh`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub app_name: String,
}

/// `GET workspaces/{id}/resolve-autostart`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ResolveAutostart {
    pub parameter_mismatch: bool,
}

words! {
    /// Kind of a message on a watch stream.
    WatchKind { Ping = "ping", Data = "data", Error = "error" }
}

/// One message of `…/watch-ws`; `data` is a [`Workspace`] or a [`super::Response`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct WatchEvent {
    #[serde(rename = "type")]
    pub kind: WatchKind,
    #[cfg_attr(test, ts(type = "unknown"))]
    pub data: serde_json::Value,
}
