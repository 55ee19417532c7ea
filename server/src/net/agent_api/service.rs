//! The calls of a daemon: name to function, one line each. What they do is in [`super::report`], [`super::sub_agent`],
//! [`super::manifest`] and [`crate::net::tailnet_api`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use proto::agent::{self, method};
use proto::id::PeerId;
use proto::tailnet;
use proto::wkt::Empty;
use rpc::{Call, RpcError};
use tokio_util::sync::CancellationToken;

use super::manifest;
use crate::access::AgentIdentity;
use crate::net::coordinator::{Access, Visitor};
use crate::net::tailnet_api::calls;
use crate::state::AppState;
use crate::store::StoreError;

/// Serves one daemon.
pub struct AgentService {
    pub(super) state: AppState,
    pub(super) agent: AgentIdentity,
    visitor: Visitor,
}

impl AgentService {
    /// `revoked` is cancelled when the daemon was retired.
    #[must_use]
    pub fn new(state: AppState, agent: AgentIdentity, revoked: CancellationToken) -> Self {
        let nobody: crate::net::coordinator::Reach = Arc::new(|_| Box::pin(std::future::ready(false)));
        let visitor = Visitor { peer: PeerId::from(agent.id), access: Access::Agent, reach: nobody, revoked };
        Self { state, agent, visitor }
    }

    async fn dispatch(&self, call: Call) -> Result<(), RpcError> {
        match call.name.as_str() {
            method::GET_MANIFEST => {
                unary(call, async |_: agent::GetManifestRequest| manifest::fetch(&self.state, &self.agent).await).await
            }
            method::GET_SERVICE_BANNER => {
                unary(call, async |_: agent::GetServiceBannerRequest| Ok(agent::ServiceBanner::default())).await
            }
            method::GET_ANNOUNCEMENT_BANNERS => {
                unary(call, async |_: agent::GetAnnouncementBannersRequest| {
                    Ok(agent::GetAnnouncementBannersResponse::default())
                })
                .await
            }
            method::UPDATE_STATS => unary(call, async |request| self.update_stats(request).await).await,
            method::UPDATE_LIFECYCLE => unary(call, async |request| self.update_lifecycle(request).await).await,
            method::BATCH_UPDATE_APP_HEALTHS => unary(call, async |request| self.update_health(request).await).await,
            method::UPDATE_STARTUP => unary(call, async |request| self.update_startup(request).await).await,
            method::BATCH_UPDATE_METADATA => unary(call, async |request| self.update_metadata(request).await).await,
            method::BATCH_CREATE_LOGS => unary(call, async |request| self.create_logs(request).await).await,
            method::SCRIPT_COMPLETED => unary(call, async |request| self.script_completed(request).await).await,
            method::GET_RESOURCES_MONITORING_CONFIGURATION => {
                unary(call, async |_: agent::GetResourcesMonitoringConfigurationRequest| {
                    let config = agent::MonitoringConfig { num_datapoints: 20, collection_interval_seconds: 10 };
                    Ok(agent::GetResourcesMonitoringConfigurationResponse {
                        config: Some(config),
                        ..Default::default()
                    })
                })
                .await
            }
            method::PUSH_RESOURCES_MONITORING_USAGE => {
                unary(call, async |_: agent::PushResourcesMonitoringUsageRequest| {
                    Ok(agent::PushResourcesMonitoringUsageResponse {})
                })
                .await
            }
            method::REPORT_CONNECTION => {
                unary(call, async |request| self.report_connection(request).await.map(|()| Empty {})).await
            }
            method::CREATE_SUB_AGENT => unary(call, async |request| self.create_sub_agent(request).await).await,
            method::DELETE_SUB_AGENT => unary(call, async |request| self.delete_sub_agent(request).await).await,
            method::LIST_SUB_AGENTS => unary(call, async |request| self.list_sub_agents(request).await).await,
            method::REPORT_BOUNDARY_LOGS => {
                unary(call, async |_: agent::ReportBoundaryLogsRequest| Ok(agent::ReportBoundaryLogsResponse {})).await
            }
            method::UPDATE_APP_STATUS => unary(call, async |request| self.update_app_status(request).await).await,
            tailnet::method::COORDINATE => self.state.net.coordinator.serve(&self.visitor, call).await,
            tailnet::method::STREAM_DERP_MAPS => calls::stream_derp_maps(&self.state, call).await,
            tailnet::method::POST_TELEMETRY => calls::post_telemetry(call).await,
            name => Err(RpcError::Remote { code: rpc::UNIMPLEMENTED, text: format!("unimplemented: {name:?}") }),
        }
    }
}

impl rpc::Service for AgentService {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>> {
        Box::pin(self.dispatch(call))
    }
}

/// Reads the request, runs `answer`, sends what it gives.
pub(crate) async fn unary<Q, A, F>(mut call: Call, answer: F) -> Result<(), RpcError>
where
    Q: prost::Message + Default,
    A: prost::Message,
    F: AsyncFnOnce(Q) -> Result<A, RpcError>,
{
    let request = call.request().await?;
    let answer = answer(request).await?;
    call.sender.send(&answer).await
}

/// A refusal in words, for the log of whoever called.
pub(crate) fn refuse(text: impl Into<String>) -> RpcError {
    RpcError::Remote { code: 0, text: text.into() }
}

/// A failure of the store. What is inside stays in our log.
pub(crate) fn of_store(error: StoreError) -> RpcError {
    match error {
        StoreError::NotFound | StoreError::Conflict(_) | StoreError::Taken(_) | StoreError::Full => {
            refuse(error.to_string())
        }
        inner => {
            tracing::error!(error = &inner as &dyn std::error::Error, "a call of a workspace daemon failed");
            refuse("the server could not store this; its log says why")
        }
    }
}
