//! Organizations. Ours has one, which is the default.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::Time;
use crate::id::OrganizationId;

/// An organization. `{organization}` in a path is its id, its name or `default`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub icon: String,
    pub created_at: Time,
    pub updated_at: Time,
    pub is_default: bool,
}
