//! The agent service as a workspace daemon calls it: dial once, then one typed function for each call.
//! Not here: reconnecting, and what the answers mean.

use proto::agent::{self, ApiVersion, method};
use proto::secret::Secret;
use proto::wkt::Empty;
use rpc::{CallReceiver, CallSender, Client, RpcError};
use tokio_tungstenite::tungstenite::http::HeaderMap;
use url::Url;

use crate::rpc_dial::{DialError, Target};
use crate::tailnet_api::TailnetApi;

/// What we ask for, best first: 2.4 has all that a daemon needs, 2.0 is what every server has.
const VERSIONS: [ApiVersion; 3] = [agent::VERSION, ApiVersion::new(2, 4), ApiVersion::DEFAULT];

/// A connection of a workspace daemon to its server. Cheap to clone.
#[derive(Clone)]
pub struct AgentApi {
    client: Client,
    version: ApiVersion,
}

impl AgentApi {
    /// Dials `/api/v2/workspaceagents/me/rpc` below `access_url`, with older versions when the server is older.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial(access_url: &Url, token: &Secret, headers: &HeaderMap) -> Result<Self, DialError> {
        let mut refused = None;
        for version in VERSIONS {
            let path = "/api/v2/workspaceagents/me/rpc";
            let target = Target { access_url, path, version, query: &[("role", "agent")], token, headers };
            match target.dial().await {
                Ok(client) => return Ok(Self { client, version }),
                Err(error) if error.is_about_version() => refused = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or_else(|| DialError::Request("no API version to ask for".into())))
    }

    /// For a connection that was made in another way.
    #[must_use]
    pub fn new(client: Client, version: ApiVersion) -> Self {
        Self { client, version }
    }

    /// The version that the server accepted.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.version
    }

    /// The connection itself, for callers that make their calls by name.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The Tailnet service, which runs on the same connection.
    #[must_use]
    pub fn tailnet(&self) -> TailnetApi {
        TailnetApi::new(self.client.clone())
    }

    /// Resolves when the connection ended.
    pub async fn closed(&self) {
        self.client.closed().await;
    }

    /// Ends the connection.
    pub fn close(&self) {
        self.client.close();
    }

    /// Any call by name, for what has no function here.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn stream(&self, name: &str) -> Result<(CallSender, CallReceiver), RpcError> {
        self.client.stream(name).await
    }
}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident($request:ty) -> $answer:ty = $method:ident;)*) => {
        impl AgentApi {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// See [`RpcError`].
            pub async fn $name(&self, request: &$request) -> Result<$answer, RpcError> {
                self.client.unary(method::$method, request).await
            }
        )*}
    };
}

calls! {
    /// Statistics; the answer says when to report next.
    update_stats(agent::UpdateStatsRequest) -> agent::UpdateStatsResponse = UPDATE_STATS;
    /// One lifecycle state.
    update_lifecycle(agent::UpdateLifecycleRequest) -> agent::Lifecycle = UPDATE_LIFECYCLE;
    /// Health of apps.
    update_app_healths(agent::BatchUpdateAppHealthRequest) -> agent::BatchUpdateAppHealthResponse = BATCH_UPDATE_APP_HEALTHS;
    /// Version and folder.
    update_startup(agent::UpdateStartupRequest) -> agent::Startup = UPDATE_STARTUP;
    /// Metadata values.
    update_metadata(agent::BatchUpdateMetadataRequest) -> agent::BatchUpdateMetadataResponse = BATCH_UPDATE_METADATA;
    /// Log lines.
    create_logs(agent::BatchCreateLogsRequest) -> agent::BatchCreateLogsResponse = BATCH_CREATE_LOGS;
    /// The end of a script (2.3).
    script_completed(agent::WorkspaceAgentScriptCompletedRequest) -> agent::WorkspaceAgentScriptCompletedResponse = SCRIPT_COMPLETED;
    /// Measured memory and volumes (2.4).
    push_monitoring_usage(agent::PushResourcesMonitoringUsageRequest) -> agent::PushResourcesMonitoringUsageResponse = PUSH_RESOURCES_MONITORING_USAGE;
    /// The beginning or end of a connection (2.4).
    report_connection(agent::ReportConnectionRequest) -> Empty = REPORT_CONNECTION;
    /// Creates a sub-daemon (2.6).
    create_sub_agent(agent::CreateSubAgentRequest) -> agent::CreateSubAgentResponse = CREATE_SUB_AGENT;
    /// Deletes a sub-daemon (2.6).
    delete_sub_agent(agent::DeleteSubAgentRequest) -> agent::DeleteSubAgentResponse = DELETE_SUB_AGENT;
    /// Decisions about a confined process (2.7).
    report_boundary_logs(agent::ReportBoundaryLogsRequest) -> agent::ReportBoundaryLogsResponse = REPORT_BOUNDARY_LOGS;
    /// What an app is doing (2.8).
    update_app_status(agent::UpdateAppStatusRequest) -> agent::UpdateAppStatusResponse = UPDATE_APP_STATUS;
}

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident($request:expr) -> $answer:ty = $method:ident;)*) => {
        impl AgentApi {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// See [`RpcError`].
            pub async fn $name(&self) -> Result<$answer, RpcError> {
                self.client.unary(method::$method, &$request).await
            }
        )*}
    };
}

questions! {
    /// The manifest.
    manifest(agent::GetManifestRequest {}) -> agent::Manifest = GET_MANIFEST;
    /// The banners (2.1).
    announcement_banners(agent::GetAnnouncementBannersRequest {}) -> agent::GetAnnouncementBannersResponse = GET_ANNOUNCEMENT_BANNERS;
    /// What to measure (2.4).
    monitoring_configuration(agent::GetResourcesMonitoringConfigurationRequest {}) -> agent::GetResourcesMonitoringConfigurationResponse = GET_RESOURCES_MONITORING_CONFIGURATION;
    /// The sub-daemons of this daemon (2.6).
    list_sub_agents(agent::ListSubAgentsRequest {}) -> agent::ListSubAgentsResponse = LIST_SUB_AGENTS;
}
