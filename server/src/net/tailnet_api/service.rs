//! The calls of a client, and the life of its connection: it ends when its key does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use proto::id::{AgentId, PeerId};
use proto::tailnet::method;
use rpc::{Call, RpcError};
use tokio_util::sync::CancellationToken;

use super::calls;
use crate::access::{User, may_ssh};
use crate::net::coordinator::{Access, Reach, Visitor};
use crate::net::lease;
use crate::state::AppState;
use crate::store::agents;

/// Serves one client.
pub struct ClientService {
    state: AppState,
    user: User,
    visitor: Visitor,
}

impl ClientService {
    /// `revoked` is cancelled when the user's key ended.
    #[must_use]
    pub fn new(state: AppState, user: User, peer: PeerId, access: Access, revoked: CancellationToken) -> Self {
        let reach = reach(state.clone(), user.clone());
        Self { state, user, visitor: Visitor { peer, access, reach, revoked } }
    }

    async fn dispatch(&self, call: Call) -> Result<(), RpcError> {
        match call.name.as_str() {
            method::COORDINATE => self.state.net.coordinator.serve(&self.visitor, call).await,
            method::STREAM_DERP_MAPS => calls::stream_derp_maps(&self.state, call).await,
            method::REFRESH_RESUME_TOKEN => {
                calls::refresh_resume_token(&self.state, self.visitor.peer, self.user.id, call).await
            }
            method::WORKSPACE_UPDATES => calls::workspace_updates(&self.state, &self.user, call).await,
            method::POST_TELEMETRY => calls::post_telemetry(call).await,
            name => Err(RpcError::Remote { code: rpc::UNIMPLEMENTED, text: format!("unimplemented: {name:?}") }),
        }
    }
}

impl rpc::Service for ClientService {
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>> {
        Box::pin(self.dispatch(call))
    }
}

/// Asks the access rules about an agent as it is now: the store knows whose workspace it belongs to.
fn reach(state: AppState, user: User) -> Reach {
    Arc::new(move |agent: AgentId| {
        let (state, user) = (state.clone(), user.clone());
        Box::pin(async move {
            let place = state.store.read(move |db| agents::place(db, agent)).await;
            place.is_ok_and(|place| !place.retired && may_ssh(&user, place.owner))
        })
    })
}

/// Serves a client's connection to its end.
pub async fn serve(state: AppState, user: User, peer: PeerId, access: Access, io: impl rpc::Io) {
    let revoked = CancellationToken::new();
    let service = Arc::new(ClientService::new(state.clone(), user.clone(), peer, access, revoked.clone()));
    let why = tokio::select! {
        ended = rpc::serve(io, service) => ended.map_or_else(|error| error.to_string(), |()| "the client closed it".into()),
        () = lease::of_user(&state, &user) => {
            // Daemons forget the client at once, not after the patience they have with lost ones.
            revoked.cancel();
            "its key ended".into()
        }
        () = state.stop.cancelled() => "the server stops".into(),
    };
    tracing::debug!(%peer, user = %user.username, why, "a mesh client's connection ended");
}
