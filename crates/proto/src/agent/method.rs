//! RPC names of the agent service; the number in each comment is the API version that added it.

/// The manifest (2.0).
pub const GET_MANIFEST: &str = "/coder.agent.v2.Agent/GetManifest";
/// The oldest form of the banner (2.0).
pub const GET_SERVICE_BANNER: &str = "/coder.agent.v2.Agent/GetServiceBanner";
/// Statistics; the answer says when to report next (2.0).
pub const UPDATE_STATS: &str = "/coder.agent.v2.Agent/UpdateStats";
/// A lifecycle state (2.0).
pub const UPDATE_LIFECYCLE: &str = "/coder.agent.v2.Agent/UpdateLifecycle";
/// App health (2.0).
pub const BATCH_UPDATE_APP_HEALTHS: &str = "/coder.agent.v2.Agent/BatchUpdateAppHealths";
/// Version and folder of the daemon (2.0).
pub const UPDATE_STARTUP: &str = "/coder.agent.v2.Agent/UpdateStartup";
/// Metadata values (2.0).
pub const BATCH_UPDATE_METADATA: &str = "/coder.agent.v2.Agent/BatchUpdateMetadata";
/// Log lines (2.0).
pub const BATCH_CREATE_LOGS: &str = "/coder.agent.v2.Agent/BatchCreateLogs";
/// Banners (2.1).
pub const GET_ANNOUNCEMENT_BANNERS: &str = "/coder.agent.v2.Agent/GetAnnouncementBanners";
/// A script ended (2.3).
pub const SCRIPT_COMPLETED: &str = "/coder.agent.v2.Agent/ScriptCompleted";
/// What to measure (2.4).
pub const GET_RESOURCES_MONITORING_CONFIGURATION: &str = "/coder.agent.v2.Agent/GetResourcesMonitoringConfiguration";
/// Measured memory and volumes (2.4).
pub const PUSH_RESOURCES_MONITORING_USAGE: &str = "/coder.agent.v2.Agent/PushResourcesMonitoringUsage";
/// A connection began or ended (2.4).
pub const REPORT_CONNECTION: &str = "/coder.agent.v2.Agent/ReportConnection";
/// Creates a sub-daemon (2.6).
pub const CREATE_SUB_AGENT: &str = "/coder.agent.v2.Agent/CreateSubAgent";
/// Deletes a sub-daemon (2.6).
pub const DELETE_SUB_AGENT: &str = "/coder.agent.v2.Agent/DeleteSubAgent";
/// Lists sub-daemons (2.6).
pub const LIST_SUB_AGENTS: &str = "/coder.agent.v2.Agent/ListSubAgents";
/// What a confined process was allowed to reach (2.7).
pub const REPORT_BOUNDARY_LOGS: &str = "/coder.agent.v2.Agent/ReportBoundaryLogs";
/// The status of an app (2.8).
pub const UPDATE_APP_STATUS: &str = "/coder.agent.v2.Agent/UpdateAppStatus";
/// Context of AI assistants (2.10); our server answers "unimplemented" and our daemon does not call it.
pub const PUSH_CONTEXT_STATE: &str = "/coder.agent.v2.Agent/PushContextState";
