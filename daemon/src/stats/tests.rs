//! Statistics are differences of counters, and the median is one.

use std::time::Duration;

use mesh::driver::{FlowTotals, MeshStatus, Path, PeerStatus};
use proto::agent::UpdateStatsResponse;
use proto::id::PeerId;
use proto::key::NodePublic;

use super::{between, interval};
use crate::session::SessionCounts;

fn totals(number: u64) -> FlowTotals {
    FlowTotals {
        received_packets: number,
        received_bytes: number * 100,
        sent_packets: number * 2,
        sent_bytes: number * 200,
        tcp_connections: number % 5,
    }
}

fn peer(latency: Option<u64>) -> PeerStatus {
    PeerStatus {
        id: PeerId::nil(),
        key: NodePublic([0; 32]),
        addresses: vec![],
        path: Path::None,
        latency: latency.map(Duration::from_millis),
        last_handshake: None,
        received_bytes: 0,
        sent_bytes: 0,
    }
}

#[test]
fn traffic_since_the_last_report() {
    let check = |former, now, expect: [i64; 5]| {
        let status = MeshStatus { flows: totals(now), ..MeshStatus::default() };
        let stats = between(&totals(former), &status, &SessionCounts::default());
        let got = [stats.rx_packets, stats.rx_bytes, stats.tx_packets, stats.tx_bytes, stats.connection_count];
        assert_eq!(got, expect, "{former} -> {now}");
        assert_eq!(stats.connections_by_proto.get("TCP").copied().unwrap_or(0), stats.connection_count);
    };
    check(0, 0, [0, 0, 0, 0, 0]);
    check(0, 7, [7, 700, 14, 1400, 2]);
    check(7, 10, [3, 300, 6, 600, 0]);
    check(10, 4, [4, 400, 8, 800, 4]);
}

#[test]
fn the_median_latency() {
    let check = |latencies: &[Option<u64>], expect: f64| {
        let peers = latencies.iter().copied().map(peer).collect();
        let status = MeshStatus { peers, ..MeshStatus::default() };
        let stats = between(&FlowTotals::default(), &status, &SessionCounts::default());
        assert!((stats.connection_median_latency_ms - expect).abs() < 1e-9, "{latencies:?}");
    };
    check(&[], -0.001);
    check(&[None, None], -0.001);
    check(&[Some(5)], 5.0);
    check(&[Some(50), Some(1), None, Some(7)], 7.0);
    check(&[Some(10), Some(20)], 15.0);
}

#[test]
fn the_period() {
    let check = |span: Option<Duration>, expect| {
        assert_eq!(interval(&UpdateStatsResponse { report_interval: span.map(Into::into) }), expect, "{span:?}");
    };
    check(None, Duration::from_secs(300));
    check(Some(Duration::ZERO), Duration::from_secs(300));
    check(Some(Duration::from_secs(30)), Duration::from_secs(30));
    check(Some(Duration::from_nanos(1)), Duration::from_secs(1));
}
