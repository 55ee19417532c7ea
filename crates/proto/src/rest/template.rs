//! Templates and their rich parameters.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Time, null_default};
use crate::id::{OrganizationId, TemplateId, TemplateVersionId, UserId};

/// A template.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Template {
    pub id: TemplateId,
    pub created_at: Time,
    pub updated_at: Time,
    pub organization_id: OrganizationId,
    pub organization_name: String,
    pub organization_display_name: String,
    pub organization_icon: String,
    pub name: String,
    pub display_name: String,
    /// `terraform`, `echo`, or ours: `builtin`.
    pub provisioner: String,
    pub active_version_id: TemplateVersionId,
    /// -1 when nobody counted.
    pub active_user_count: i64,
    #[serde(deserialize_with = "null_default")]
    pub build_time_stats: BTreeMap<String, BuildTime>,
    pub description: String,
    pub deprecated: bool,
    pub deprecation_message: String,
    pub icon: String,
    pub default_ttl_ms: i64,
    pub activity_bump_ms: i64,
    pub autostop_requirement: AutostopRequirement,
    pub autostart_requirement: AutostartRequirement,
    pub created_by_id: UserId,
    pub created_by_name: String,
    pub allow_user_autostart: bool,
    pub allow_user_autostop: bool,
    pub allow_user_cancel_workspace_jobs: bool,
    pub failure_ttl_ms: i64,
    pub time_til_dormant_ms: i64,
    pub time_til_dormant_autodelete_ms: i64,
    pub require_active_version: bool,
    /// `owner`, `authenticated`, `organization`, `public`.
    pub max_port_share_level: String,
    pub use_classic_parameter_flow: bool,
}

/// Milliseconds that builds took; absent when none was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default, rename_all = "UPPERCASE")]
pub struct BuildTime {
    pub p50: Option<i64>,
    pub p95: Option<i64>,
}

/// On which days a workspace must stop.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AutostopRequirement {
    #[serde(deserialize_with = "null_default")]
    pub days_of_week: Vec<String>,
    pub weeks: i64,
}

/// On which days a workspace may start by itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AutostartRequirement {
    #[serde(deserialize_with = "null_default")]
    pub days_of_week: Vec<String>,
}

/// A question that a template asks whoever creates a workspace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct RichParameter {
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub description_plaintext: String,
    /// `string`, `number`, `bool`, `list(string)`.
    #[serde(rename = "type")]
    pub kind: String,
    pub form_type: String,
    pub mutable: bool,
    pub default_value: String,
    pub icon: String,
    #[serde(deserialize_with = "null_default")]
    pub options: Vec<ParameterOption>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub validation_error: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub validation_regex: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_min: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_max: Option<i32>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub validation_monotonic: String,
    pub required: bool,
    pub ephemeral: bool,
}

/// One of the answers a parameter offers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ParameterOption {
    pub name: String,
    pub description: String,
    pub value: String,
    pub icon: String,
}
