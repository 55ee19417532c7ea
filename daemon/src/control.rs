//! One connection to the server: everything that is said over it until it ends (spec `agent-rpc.md` 6, point 3).
//!
//! ```text
//!            ┌ banners · logs · lifecycle · connections · script ends · resources
//!  client ───┤
//!            └ manifest ─ startup ─ (first time: scripts) ─ network ┬ coordination
//!                                                                   ├ relay map · stats
//!                                                                   └ metadata · apps
//! ```
//! What must outlive it (mesh, queues, running scripts) is in [`State`]. Dialling and waiting are in `daemon`.

pub mod backoff;
pub mod call;
mod coordination;
mod manifest;
mod reports;

use std::sync::Arc;

use proto::agent::Manifest;
use rpc::RpcError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::lifecycle::Life;
use crate::logs::Logs;
use crate::metadata::Metadata;
use crate::network::Network;
use crate::scripts::Scripts;
use crate::session::SessionContext;
use crate::{apps, connections, resources, stats};

/// What outlives connections.
pub struct State<N> {
    /// How we were started.
    pub config: Config,
    /// What sessions see.
    pub context: Arc<SessionContext>,
    /// Lifecycle states.
    pub life: Life,
    /// Log lines.
    pub logs: Arc<Logs>,
    /// Scripts and their ends.
    pub scripts: Arc<Scripts>,
    /// Metadata values.
    pub metadata: Metadata,
    /// Reports of sessions.
    pub reports: connections::Reports,
    /// The newest manifest.
    pub manifest: watch::Sender<Option<Arc<Manifest>>>,
    /// The mesh.
    pub network: N,
    /// Whether a connection to the server is open.
    pub connected: watch::Sender<bool>,
    /// Whether the coordinator holds our stream.
    pub coordinated: watch::Sender<bool>,
    /// Why the last attempt to reach the server failed; `None` while one succeeds.
    pub problem: watch::Sender<Option<String>>,
    /// Cancelled at the beginning of the shutdown.
    pub stopping: CancellationToken,
    /// Start scripts and cron scripts.
    pub tasks: TaskTracker,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// It broke, or the server closed it.
    #[error("the connection to the server ended")]
    Closed,
    /// Another daemon uses our token.
    #[error("another workspace daemon connected with the same token")]
    Replaced,
    /// Without this call there is nothing to do.
    #[error("the server refuses the manifest")]
    Manifest(#[source] RpcError),
    /// There is no mesh.
    #[error(transparent)]
    Network(#[from] crate::network::NetworkError),
}

impl From<RpcError> for End {
    fn from(_: RpcError) -> Self {
        Self::Closed
    }
}

/// Speaks with the server until the connection ends.
pub async fn converse<N: Network>(state: &Arc<State<N>>, client: &rpc::Client) -> End {
    let _connected = Flag::raise(&state.connected);
    let reports = async {
        tokio::try_join!(
            state.logs.deliver(client),
            reports::lifecycle(&state.life, client),
            reports::script_ends(&state.scripts.timings, client),
            connections::deliver(&state.reports, client),
            until_stop(&state.stopping, reports::banners(&state.context, client)),
            until_stop(&state.stopping, resources::monitor(client)),
        )?;
        Ok::<_, End>(())
    };
    let main = async {
        let manifest = manifest::fetch(client).await.map_err(End::Manifest)?;
        manifest::accept(state, &manifest, client).await?;
        state.network.apply(&manifest).await?;
        tokio::try_join!(
            coordination::coordinate(&state.network, &state.coordinated, &state.stopping, client),
            ours(coordination::relay_maps(&state.network, client)),
            ours(until_stop(&state.stopping, stats::report(&state.network, &state.context, client))),
            ours(until_stop(&state.stopping, apps::watch(&manifest.apps, client))),
            ours(until_stop(&state.stopping, state.metadata.collect(&manifest.metadata, &state.context, client))),
        )?;
        Ok::<_, End>(())
    };
    tokio::select! {
        () = client.closed() => End::Closed,
        result = async { tokio::try_join!(Box::pin(reports), Box::pin(main)) } => match result {
            // Everything ended in order, which happens when we stop and the coordinator has said goodbye.
            Ok(_) => { client.closed().await; End::Closed }
            Err(end) => end,
        },
    }
}

async fn ours(call: impl Future<Output = Result<(), RpcError>>) -> Result<(), End> {
    call.await.map_err(End::from)
}

async fn until_stop(
    stopping: &CancellationToken,
    call: impl Future<Output = Result<(), RpcError>>,
) -> Result<(), RpcError> {
    tokio::select! {
        () = stopping.cancelled() => Ok(()),
        result = call => result,
    }
}

/// Says `true` while it lives.
struct Flag<'a>(&'a watch::Sender<bool>);

impl<'a> Flag<'a> {
    fn raise(flag: &'a watch::Sender<bool>) -> Self {
        flag.send_replace(true);
        Self(flag)
    }
}

impl Drop for Flag<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

#[cfg(test)]
mod tests;
