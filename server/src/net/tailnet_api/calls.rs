//! The calls of the tailnet service that need no state of their own (spec `tailnet.md` 2). Coordination is in
//! [`crate::net::coordinator`].

use std::time::Duration;

use proto::id::{PeerId, UserId};
use proto::tailnet::{RefreshResumeTokenRequest, RefreshResumeTokenResponse, WorkspaceUpdatesRequest};
use proto::wkt::{Empty, Timestamp};
use rpc::{Call, RpcError};
use tokio::sync::broadcast::error::RecvError;

use super::resume_token::{self, LIFETIME, REFRESH};
use crate::access::{Action, Object, User, Verdict, decide};
use crate::net::agent_api::service::{of_store, refuse, unary};
use crate::net::updates::{self, Snapshot};
use crate::state::{AppState, Event};
use crate::store::{now, workspace_view};

/// The relay map, once: it does not change while the server runs. The stream stays open until the caller ends it.
///
/// # Errors
/// [`RpcError`] of the stream.
pub async fn stream_derp_maps(state: &AppState, mut call: Call) -> Result<(), RpcError> {
    let Empty {} = call.request().await?;
    let map: proto::tailnet::DerpMap = crate::net::derp_map(state).into();
    call.sender.send(&map).await?;
    state.stop.cancelled().await;
    Ok(())
}

/// A token with which the caller keeps its peer id.
///
/// # Errors
/// [`RpcError`] of the stream, or when the server has no key yet.
pub async fn refresh_resume_token(state: &AppState, peer: PeerId, user: UserId, call: Call) -> Result<(), RpcError> {
    unary(call, async |_: RefreshResumeTokenRequest| {
        let keys = state.net.keys().ok_or_else(|| refuse("the server is starting"))?;
        let now = now().0.unix_timestamp();
        let token = resume_token::issue(&keys.resume, peer, user, now);
        let token = token.ok_or_else(|| refuse("the resume token could not be signed"))?;
        Ok(RefreshResumeTokenResponse {
            token: token.expose().to_owned(),
            refresh_in: Some(Duration::from_secs(REFRESH).into()),
            expires_at: Some(Timestamp { seconds: now + LIFETIME, nanos: 0 }),
            peer_id: peer.to_wire(),
        })
    })
    .await
}

/// Telemetry is accepted, because clients treat a refusal as a fault, and thrown away.
///
/// # Errors
/// [`RpcError`] of the stream.
pub async fn post_telemetry(call: Call) -> Result<(), RpcError> {
    unary(call, async |_: Empty| Ok(Empty {})).await
}

/// A user's workspaces: all, then each change, for as long as the caller listens.
///
/// # Errors
/// [`RpcError`] of the stream, or a refusal when they are not the caller's to see.
pub async fn workspace_updates(state: &AppState, user: &User, mut call: Call) -> Result<(), RpcError> {
    let request: WorkspaceUpdatesRequest = call.request().await?;
    let owner = UserId::from_wire(&request.workspace_owner_id).map_err(|error| refuse(error.to_string()))?;
    if decide(user, Action::Read, Object::Workspace { owner }) != Verdict::Allowed {
        return Err(refuse("not authorized to watch the workspaces of this user"));
    }
    // Listening first: a change between the two is then seen twice, not missed.
    let mut events = state.events.listen();
    let mut known = snapshot(state, owner).await?;
    call.sender.send(&updates::first(&known)).await?;
    loop {
        match events.recv().await {
            Ok(event) if concerns(&event, owner, &known) => {}
            Ok(_) => continue,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Ok(()),
        }
        // One look for all the events that are here by now.
        while events.try_recv().is_ok() {}
        let new = snapshot(state, owner).await?;
        if let Some(update) = updates::diff(&known, &new) {
            call.sender.send(&update).await?;
        }
        known = new;
    }
}

fn concerns(event: &Event, owner: UserId, known: &Snapshot) -> bool {
    match event {
        Event::Workspace { owner: other, .. } => *other == owner,
        Event::Build { workspace, .. } | Event::Agent { workspace, .. } => known.workspaces.contains_key(workspace),
        Event::AgentRetired { .. } => true,
        _ => false,
    }
}

async fn snapshot(state: &AppState, owner: UserId) -> Result<Snapshot, RpcError> {
    state.store.read(move |db| workspace_view::of_owner(db, owner)).await.map_err(of_store)
}
