//! Versions of a template.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

use super::job::{Job, MatchedProvisioners};
use super::{Time, null_default};
use crate::id::{OrganizationId, TemplateId, TemplateVersionId, UserId};

/// A version: files that were imported once and never change.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct TemplateVersion {
    pub id: TemplateVersionId,
    pub template_id: Option<TemplateId>,
    pub organization_id: OrganizationId,
    pub created_at: Time,
    pub updated_at: Time,
    pub name: String,
    pub message: String,
    pub job: Job,
    pub readme: String,
    pub created_by: MinimalUser,
    pub archived: bool,
    #[serde(deserialize_with = "null_default")]
    pub warnings: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_provisioners: Option<MatchedProvisioners>,
    /// Whether its workspaces have daemons on computers that no build starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_external_agent: Option<bool>,
}

/// The little that strangers see of an account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct MinimalUser {
    pub id: UserId,
    pub username: String,
    pub avatar_url: String,
}
