//! How each workspace daemon is reached and how fast. Measured only while somebody looks: a ping keeps paths and
//! processors awake.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use mesh::Mesh;
use mesh::driver::{MeshStatus, Path, PeerStatus};
use mesh::names::{Named, Zone};
use proto::id::PeerId;
use proto::ipc::{Counters, DaemonPath, DaemonStatus, Health, HealthCode};
use tokio::sync::watch;

use super::show::Show;

/// Each daemon is measured this often at most.
const PERIOD: Duration = Duration::from_secs(5);
/// An answer that takes longer is shown with the next measurement.
const PATIENCE: Duration = Duration::from_millis(1500);
/// While a daemon has no path yet, it is looked for again after this,
const HASTE: Duration = Duration::from_millis(300);
/// and so often.
const MAX_HASTY: u32 = 10;
/// Pings under way at once.
const AT_ONCE: usize = 32;

/// Measures while it is watched; ends when the service does.
pub async fn watch(show: &Show, mesh: &Mesh, mut watched: watch::Receiver<bool>) {
    let mut hasty = 0;
    while watched.wait_for(|is_watched| *is_watched).await.is_ok() {
        look(show, mesh).await;
        ping_all(show, mesh).await;
        // A workspace that has just started is soon on some path; one that never is does not keep us awake.
        let is_settled = look(show, mesh).await;
        hasty = if is_settled { 0 } else { hasty + 1 };
        let rest = tokio::time::sleep(if is_settled || hasty > MAX_HASTY { PERIOD } else { HASTE });
        tokio::pin!(rest);
        loop {
            tokio::select! {
                () = &mut rest => break,
                () = show.zone_changed.notified() => {
                    hasty = 0;
                    if !look(show, mesh).await {
                        break;
                    }
                }
            }
        }
    }
}

async fn ping_all(show: &Show, mesh: &Mesh) {
    let Some(zone) = show.face().zone else { return };
    let pings = zone.named().into_iter().map(|named| mesh.ping(named.address, PATIENCE));
    let all = futures_util::stream::iter(pings).buffer_unordered(AT_ONCE).for_each(|_| std::future::ready(()));
    // The engine notes late answers by itself.
    let _ = tokio::time::timeout(PERIOD, all).await;
}

/// Shows how things are. Whether every daemon has a path.
async fn look(show: &Show, mesh: &Mesh) -> bool {
    let Some(zone) = show.face().zone else { return true };
    let status = mesh.status().await;
    let (daemons, relays) = (rows(&zone, &status), no_relay(&status));
    let is_settled = daemons.iter().all(|daemon| daemon.path != DaemonPath::None);
    show.change(|face| (face.daemons, face.relays) = (Arc::new(daemons), relays));
    is_settled
}

/// Whether there is no relay that a peer could be met at, and why.
pub fn no_relay(status: &MeshStatus) -> Option<Health> {
    let problem = match status.home_relay {
        0 => status.relay_problems.values().next(),
        home => status.relay_problems.get(&home),
    };
    problem.map(|problem| Health::new(HealthCode::NoRelay, problem))
}

/// A row for each daemon, in the order of their names.
pub fn rows(zone: &Zone, status: &MeshStatus) -> Vec<DaemonStatus> {
    let peers: HashMap<PeerId, &PeerStatus> = status.peers.iter().map(|peer| (peer.id, peer)).collect();
    let row = |named: Named| row(peers.get(&PeerId::from(named.id)).copied(), named, status);
    let mut rows: Vec<DaemonStatus> = zone.named().into_iter().map(row).collect();
    rows.sort_by(|a, b| (&a.workspace_name, &a.name, a.id).cmp(&(&b.workspace_name, &b.name, b.id)));
    rows
}

fn row(peer: Option<&PeerStatus>, named: Named, status: &MeshStatus) -> DaemonStatus {
    let Named { id, name, workspace, workspace_name, address, hostnames } = named;
    DaemonStatus {
        id,
        workspace,
        workspace_name,
        name,
        hostnames,
        address,
        path: peer.map_or(DaemonPath::None, |peer| path(peer, status)),
        latency_ms: peer.and_then(|peer| peer.latency).map(milliseconds),
        handshake_age: peer.and_then(|peer| peer.last_handshake).map(|age| age.as_secs()),
        counters: peer
            .map_or_else(Counters::default, |peer| Counters { received: peer.received_bytes, sent: peer.sent_bytes }),
    }
}

fn path(peer: &PeerStatus, status: &MeshStatus) -> DaemonPath {
    match peer.path {
        Path::Direct(address) => DaemonPath::Direct { address },
        Path::Relay(region) => {
            let measured = status.relay_latency.iter().find(|(known, _)| *known == region);
            DaemonPath::Relay { region, relay_ms: measured.map(|(_, latency)| milliseconds(*latency)) }
        }
        Path::None => DaemonPath::None,
    }
}

/// With two decimals: more would be noise.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
