//! The two streams of the mesh: coordination and relay maps, carried between the server and the mesh. Decides nothing.

use std::time::Duration;

use proto::tailnet::{CoordinateResponse, DerpMap, method};
use proto::wkt::Empty;
use rpc::RpcError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{End, Flag, call};
use crate::network::Network;

/// How the coordinator says that a newer stream took our id (spec `tailnet.md` 5.1). We never open a second one while the
/// first lives, so whoever did is another process with our token.
const REPLACED: &str = "peer ID overwritten by new connection";
/// Pause before the relay maps are asked for again, should a server end that stream.
const AGAIN: Duration = Duration::from_secs(5);

/// Carries one coordination stream; its end is the end of the connection, unless we are stopping.
pub async fn coordinate<N: Network>(
    network: &N,
    coordinated: &watch::Sender<bool>,
    stopping: &CancellationToken,
    client: &rpc::Client,
) -> Result<(), End> {
    let Some(mut coordination) = network.coordinate() else { return Err(End::Closed) };
    let _coordinated = Flag::raise(coordinated);
    let (mut sender, mut receiver) = client.stream(method::COORDINATE).await?;
    let send = async {
        while let Some(request) = coordination.requests.recv().await {
            sender.send(&request).await?;
        }
        // The mesh ended this stream; the coordinator's goodbye is still to come.
        sender.finish().await?;
        std::future::pending::<Result<(), RpcError>>().await
    };
    let receive = async {
        while let Some(response) = receiver.next::<CoordinateResponse>().await? {
            if response.error.starts_with(REPLACED) {
                return Err(End::Replaced);
            }
            if coordination.responses.send(response).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    let result = tokio::select! {
        sent = send => sent.map_err(End::from),
        received = receive => received,
    };
    match result {
        Err(End::Replaced) => Err(End::Replaced),
        _ if stopping.is_cancelled() => Ok(()),
        _ => Err(End::Closed),
    }
}

/// Carries relay maps for as long as the connection lives.
///
/// # Errors
/// Only [`RpcError::Closed`].
pub async fn relay_maps<N: Network>(network: &N, client: &rpc::Client) -> Result<(), RpcError> {
    loop {
        match relay_maps_once(network, client).await {
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            // The map of the manifest stays in use.
            Err(error) if call::is_unsupported(&error) => return Ok(()),
            Err(error) => tracing::warn!(%error, "the stream of relay maps ended"),
            Ok(()) => {}
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn relay_maps_once<N: Network>(network: &N, client: &rpc::Client) -> Result<(), RpcError> {
    let (mut sender, mut receiver) = client.stream(method::STREAM_DERP_MAPS).await?;
    sender.send(&Empty {}).await?;
    sender.finish().await?;
    while let Some(map) = receiver.next::<DerpMap>().await? {
        network.set_derp_map(map.into());
    }
    Ok(())
}
