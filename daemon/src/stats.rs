//! Statistics for the server: traffic since the last report, open sessions, median latency. Reads the mesh's counters;
//! counts nothing itself.

use std::time::Duration;

use mesh::driver::{FlowTotals, MeshStatus};
use proto::agent::{Stats, UpdateStatsRequest, UpdateStatsResponse, method};
use rpc::RpcError;

use crate::control::call::{self, Pause};
use crate::network::Network;
use crate::session::{SessionContext, SessionCounts, SessionKind};

/// The period when the server names none that makes sense (spec `agent-rpc.md` 6.3).
const DEFAULT_INTERVAL: Duration = Duration::from_secs(300);
/// Shorter periods are not honoured: a report must stay cheap.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The report on what happened between two snapshots. Counters that ran backwards (a new mesh) count from zero.
pub fn between(former: &FlowTotals, now: &MeshStatus, sessions: &SessionCounts) -> Stats {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let since = |former: u64, now: u64| count(now.checked_sub(former).unwrap_or(now));
    let flows = &now.flows;
    let connections = count(flows.tcp_connections);
    Stats {
        connections_by_proto: (connections > 0).then(|| ("TCP".to_owned(), connections)).into_iter().collect(),
        connection_count: connections,
        connection_median_latency_ms: median_latency_ms(now),
        rx_packets: since(former.received_packets, flows.received_packets),
        rx_bytes: since(former.received_bytes, flows.received_bytes),
        tx_packets: since(former.sent_packets, flows.sent_packets),
        tx_bytes: since(former.sent_bytes, flows.sent_bytes),
        session_count_vscode: sessions.open(SessionKind::VsCode),
        session_count_jetbrains: sessions.open(SessionKind::JetBrains),
        session_count_reconnecting_pty: sessions.open(SessionKind::ReconnectingPty),
        session_count_ssh: sessions.open(SessionKind::Ssh),
        metrics: Vec::new(),
    }
}

/// The middle one of the peers' latencies, -0.001 when there is none.
fn median_latency_ms(status: &MeshStatus) -> f64 {
    let mut latencies: Vec<Duration> = status.peers.iter().filter_map(|peer| peer.latency).collect();
    latencies.sort_unstable();
    let middle = latencies.len() / 2;
    match latencies.len() {
        0 => -0.001,
        count if count % 2 == 1 => milliseconds(latencies[middle]),
        _ => f64::midpoint(milliseconds(latencies[middle - 1]), milliseconds(latencies[middle])),
    }
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// What the server's answer means.
pub fn interval(answer: &UpdateStatsResponse) -> Duration {
    let interval = answer.report_interval.map(proto::wkt::Duration::to_std).unwrap_or_default();
    if interval.is_zero() { DEFAULT_INTERVAL } else { interval.max(SHORTEST_INTERVAL) }
}

/// Asks for the period, then reports until the connection ends.
///
/// # Errors
/// Only [`RpcError::Closed`].
pub async fn report<N: Network>(network: &N, context: &SessionContext, client: &rpc::Client) -> Result<(), RpcError> {
    let mut pause = Pause::default();
    let mut former = None;
    loop {
        let (stats, seen) = match former {
            None => (None, network.status().await.flows),
            Some(former) => {
                let status = network.status().await;
                (Some(between(&former, &status, &context.counts)), status.flows)
            }
        };
        let wait = match client.unary(method::UPDATE_STATS, &UpdateStatsRequest { stats }).await {
            Ok(answer) => {
                pause = Pause::default();
                former = Some(seen);
                interval(&answer)
            }
            Err(error) if call::is_unsupported(&error) => return Ok(()),
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(error) => {
                tracing::warn!(%error, "the server did not take statistics");
                pause.next()
            }
        };
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests;
