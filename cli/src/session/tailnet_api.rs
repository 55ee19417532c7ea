//! Stands in for `client::tailnet_api` until that lands.
use client::rpc::{CallReceiver, CallSender, RpcError};
use proto::id::AgentId;
use proto::secret::Secret;
use proto::tailnet::RefreshResumeTokenResponse;
pub struct TailnetApi {}
#[derive(Debug, thiserror::Error)]
#[error("not yet")]
pub struct DialError;
impl DialError {
    pub fn is_resume_token_refused(&self) -> bool {
        false
    }
    pub fn is_permanent(&self) -> bool {
        true
    }
}
impl TailnetApi {
    pub async fn dial_agent(_: &url::Url, _: &Secret, _: AgentId, _: Option<&Secret>) -> Result<Self, DialError> {
        Err(DialError)
    }
    pub async fn coordinate(&self) -> Result<(CallSender, CallReceiver), RpcError> {
        Err(RpcError::Closed)
    }
    pub async fn stream_derp_maps(&self) -> Result<CallReceiver, RpcError> {
        Err(RpcError::Closed)
    }
    pub async fn refresh_resume_token(&self) -> Result<RefreshResumeTokenResponse, RpcError> {
        Err(RpcError::Closed)
    }
    pub async fn closed(&self) {}
}
