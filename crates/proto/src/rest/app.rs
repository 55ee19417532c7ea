//! Apps of a workspace daemon.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::null_default;
use super::word::words;
use crate::id::AppId;

words! {
    /// Who may open an app.
    SharingLevel { Owner = "owner", Authenticated = "authenticated", Organization = "organization", Public = "public" }
}

words! {
    /// Whether an app answers.
    AppHealth {
        Disabled = "disabled", Initializing = "initializing", Healthy = "healthy", Unhealthy = "unhealthy",
    }
}

/// An app.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct App {
    pub id: AppId,
    pub url: String,
    pub external: bool,
    pub slug: String,
    pub display_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    pub icon: String,
    pub subdomain: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subdomain_name: String,
    pub sharing_level: SharingLevel,
    pub healthcheck: Healthcheck,
    pub health: AppHealth,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    pub hidden: bool,
    /// `slim-window` or `tab`.
    pub open_in: String,
    #[serde(deserialize_with = "null_default")]
    #[cfg_attr(test, ts(type = "unknown[]"))]
    pub statuses: Vec<serde_json::Value>,
}

/// How a daemon asks an app whether it is well. An empty `url` means never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Healthcheck {
    pub url: String,
    /// Seconds.
    pub interval: i32,
    /// Failures in a row until unhealthy.
    pub threshold: i32,
}
