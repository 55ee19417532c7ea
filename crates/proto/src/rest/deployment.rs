//! Facts about a deployment: its build, features, regions, SSH settings, and checks of permission.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Time, null_default};

/// `GET buildinfo`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct BuildInfo {
    pub external_url: String,
    /// `v<semver>+<own name>`; clients parse it.
    pub version: String,
    pub dashboard_url: String,
    pub telemetry: bool,
    pub workspace_proxy: bool,
    pub agent_api_version: String,
    pub provisioner_api_version: String,
    pub upgrade_message: String,
    pub deployment_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub webpush_public_key: String,
}

/// `GET deployment/ssh`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct SshConfig {
    pub hostname_prefix: String,
    pub hostname_suffix: String,
    #[serde(deserialize_with = "null_default")]
    pub ssh_config_options: BTreeMap<String, String>,
}

/// `GET entitlements`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Entitlements {
    #[serde(deserialize_with = "null_default")]
    pub features: BTreeMap<String, Feature>,
    #[serde(deserialize_with = "null_default")]
    pub warnings: Vec<String>,
    #[serde(deserialize_with = "null_default")]
    pub errors: Vec<String>,
    pub has_license: bool,
    pub trial: bool,
    pub require_telemetry: bool,
    pub refreshed_at: Time,
}

/// Whether a paid feature is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Feature {
    /// `entitled`, `grace_period`, `not_entitled`.
    pub entitlement: String,
    pub enabled: bool,
}

/// `GET updatecheck`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct UpdateCheck {
    pub current: bool,
    pub version: String,
    pub url: String,
}

/// `GET regions`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Regions {
    #[serde(deserialize_with = "null_default")]
    pub regions: Vec<Region>,
}

/// A place that serves apps.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Region {
    pub id: uuid::Uuid,
    pub name: String,
    pub display_name: String,
    pub icon_url: String,
    pub healthy: bool,
    pub path_app_url: String,
    pub wildcard_hostname: String,
}

/// `POST authcheck`; the answer is a map from the same names to booleans.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AuthChecks {
    #[serde(deserialize_with = "null_default")]
    pub checks: BTreeMap<String, AuthCheck>,
}

/// "May I do this to that?"
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AuthCheck {
    pub object: AuthObject,
    /// `create`, `read`, `update`, `delete`, `ssh`, …
    pub action: String,
}

/// What a check is about. Empty fields do not narrow.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct AuthObject {
    pub resource_type: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub organization_id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_id: String,
}
