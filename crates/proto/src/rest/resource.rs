//! Resources that a build made.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::build::Transition;
use super::{Time, null_default};
use crate::id::{JobId, ResourceId};

/// A resource: a process, a container, a machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Resource {
    pub id: ResourceId,
    pub created_at: Time,
    pub job_id: JobId,
    pub workspace_transition: Transition,
    #[serde(rename = "type")]
    pub kind: String,
    pub name: String,
    pub hide: bool,
    pub icon: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_default")]
    pub agents: Vec<Agent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_default")]
    pub metadata: Vec<ResourceMetadata>,
    pub daily_cost: i32,
}

/// A fact that the template shows about a resource.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct ResourceMetadata {
    pub key: String,
    pub value: String,
    pub sensitive: bool,
}
