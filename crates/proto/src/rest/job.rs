//! The job behind a build or a template version, and its log lines.
#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::word::words;
use super::{Time, null_default};
use crate::id::{FileId, JobId, OrganizationId, UserId};

words! {
    /// Life of a job: pending → running → succeeded, failed or canceled; canceling while a runner winds down.
    JobStatus {
        Pending = "pending", Running = "running", Succeeded = "succeeded", Canceling = "canceling",
        Canceled = "canceled", Failed = "failed",
    }
}

words! {
    /// What a job does.
    JobType {
        WorkspaceBuild = "workspace_build", TemplateVersionImport = "template_version_import",
        TemplateVersionDryRun = "template_version_dry_run",
    }
}

words! {
    /// Who wrote a log line.
    LogSource { Provisioner = "provisioner", ProvisionerDaemon = "provisioner_daemon" }
}

words! {
    /// How much a log line matters.
    LogLevel { Info = "info", Trace = "trace", Debug = "debug", Warn = "warn", Error = "error" }
}

impl JobStatus {
    /// Whether nothing will change any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Canceled)
    }
}

/// A job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Job {
    pub id: JobId,
    pub created_at: Time,
    pub started_at: Option<Time>,
    pub completed_at: Option<Time>,
    pub canceled_at: Option<Time>,
    /// Why it failed; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_code: String,
    pub status: JobStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<uuid::Uuid>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub worker_name: String,
    pub file_id: FileId,
    #[serde(deserialize_with = "null_default")]
    pub tags: BTreeMap<String, String>,
    pub queue_position: i64,
    pub queue_size: i64,
    pub organization_id: OrganizationId,
    pub initiator_id: UserId,
    pub input: JobInput,
    #[serde(rename = "type")]
    pub kind: JobType,
    pub metadata: JobMetadata,
    pub logs_overflowed: bool,
}

/// What a job works on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct JobInput {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version_id: Option<crate::id::TemplateVersionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_build_id: Option<crate::id::BuildId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
}

/// Names that lists of jobs show.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct JobMetadata {
    pub template_version_name: String,
    pub template_id: crate::id::TemplateId,
    pub template_name: String,
    pub template_display_name: String,
    pub template_icon: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<crate::id::WorkspaceId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workspace_name: String,
}

/// One line of a job's log. Ids grow within a job; `after=<id>` continues behind a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct JobLog {
    pub id: i64,
    pub created_at: Time,
    pub log_source: LogSource,
    pub log_level: LogLevel,
    pub stage: String,
    pub output: String,
}

/// How many runners could take a job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct MatchedProvisioners {
    pub count: i64,
    pub available: i64,
    pub most_recently_seen: Option<Time>,
}
