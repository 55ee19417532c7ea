//! The Tailnet service as a peer calls it: coordination, relay maps, workspace updates, resume tokens.
//! Not here: reconnecting, and what the messages mean.

use std::marker::PhantomData;

use proto::agent::ApiVersion;
use proto::id::{AgentId, UserId};
use proto::secret::Secret;
use proto::tailnet::{self, method};
use rpc::{CallReceiver, CallSender, Client, RpcError};
use tokio_tungstenite::tungstenite::http::HeaderMap;
use url::Url;

use crate::rpc_dial::{DialError, Target};

/// The first version with workspace updates.
const USER_VERSION: ApiVersion = ApiVersion::new(2, 3);

/// A connection to the Tailnet service. Cheap to clone.
#[derive(Clone)]
pub struct TailnetApi {
    client: Client,
}

impl TailnetApi {
    /// Dials as a person's device that may reach everything the person may reach.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial_user(access_url: &Url, token: &Secret, resume_token: Option<&Secret>) -> Result<Self, DialError> {
        dial(access_url, "/api/v2/tailnet", USER_VERSION, token, resume_token).await
    }

    /// Dials for one workspace daemon.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial_agent(
        access_url: &Url,
        token: &Secret,
        agent: AgentId,
        resume_token: Option<&Secret>,
    ) -> Result<Self, DialError> {
        let path = format!("/api/v2/workspaceagents/{agent}/coordinate");
        dial(access_url, &path, ApiVersion::DEFAULT, token, resume_token).await
    }

    /// For a connection that was made in another way.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Opens the coordination stream.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn coordinate(&self) -> Result<(CoordinateSender, Updates<tailnet::CoordinateResponse>), RpcError> {
        let (sender, receiver) = self.client.stream(method::COORDINATE).await?;
        Ok((CoordinateSender(sender), Updates::new(receiver)))
    }

    /// Relay maps: the first at once, then each change.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn stream_derp_maps(&self) -> Result<Updates<tailnet::DerpMap>, RpcError> {
        self.updates(method::STREAM_DERP_MAPS, &proto::wkt::Empty {}).await
    }

    /// Workspaces of one owner: first all, then differences.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn workspace_updates(&self, owner: UserId) -> Result<Updates<tailnet::WorkspaceUpdate>, RpcError> {
        let request = tailnet::WorkspaceUpdatesRequest { workspace_owner_id: owner.to_wire() };
        self.updates(method::WORKSPACE_UPDATES, &request).await
    }

    /// A token that keeps the peer id over reconnects. Older servers answer "unimplemented".
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn refresh_resume_token(&self) -> Result<tailnet::RefreshResumeTokenResponse, RpcError> {
        self.client.unary(method::REFRESH_RESUME_TOKEN, &tailnet::RefreshResumeTokenRequest {}).await
    }

    /// Resolves when the connection ended.
    pub async fn closed(&self) {
        self.client.closed().await;
    }

    /// Ends the connection.
    pub fn close(&self) {
        self.client.close();
    }

    async fn updates<Q: prost::Message, A: prost::Message + Default>(
        &self,
        name: &str,
        request: &Q,
    ) -> Result<Updates<A>, RpcError> {
        let (mut sender, receiver) = self.client.stream(name).await?;
        sender.send(request).await?;
        sender.finish().await?;
        Ok(Updates::new(receiver))
    }
}

/// Says things to the coordinator. Dropping it says that no more comes.
pub struct CoordinateSender(CallSender);

impl CoordinateSender {
    /// Sends one request.
    ///
    /// # Errors
    /// [`RpcError::Closed`] when the coordination ended.
    pub async fn send(&mut self, request: &tailnet::CoordinateRequest) -> Result<(), RpcError> {
        self.0.send(request).await
    }

    /// Says that no more comes.
    ///
    /// # Errors
    /// [`RpcError::Closed`] when the coordination ended.
    pub async fn finish(&mut self) -> Result<(), RpcError> {
        self.0.finish().await
    }
}

/// A stream of messages from the server. Dropping it cancels the call.
pub struct Updates<M> {
    receiver: CallReceiver,
    kind: PhantomData<fn() -> M>,
}

impl<M: prost::Message + Default> Updates<M> {
    fn new(receiver: CallReceiver) -> Self {
        Self { receiver, kind: PhantomData }
    }

    /// The next message; `Ok(None)` when the server ended the stream.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn next(&mut self) -> Result<Option<M>, RpcError> {
        self.receiver.next().await
    }
}

async fn dial(
    access_url: &Url,
    path: &str,
    version: ApiVersion,
    token: &Secret,
    resume_token: Option<&Secret>,
) -> Result<TailnetApi, DialError> {
    // The wire has the resume token in the query; it is worthless without the session token in the header.
    let query: Vec<_> = resume_token.map(|token| ("resume_token", token.expose())).into_iter().collect();
    let target = Target { access_url, path, version, query: &query, token, headers: &HeaderMap::new() };
    target.dial().await.map(TailnetApi::new)
}
