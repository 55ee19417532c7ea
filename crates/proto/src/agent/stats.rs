//! Statistics that a workspace daemon reports (spec `agent-rpc.md` 5.3, `Stats`).

use std::collections::HashMap;

use crate::wkt::Duration;

/// Reports statistics; without them it only asks for the interval.
#[derive(Clone, PartialEq, prost::Message)]
pub struct UpdateStatsRequest {
    /// What happened since the last report.
    #[prost(message, optional, tag = "1")]
    pub stats: Option<Stats>,
}

/// When to report next.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct UpdateStatsResponse {
    /// Time between reports.
    #[prost(message, optional, tag = "1")]
    pub report_interval: Option<Duration>,
}

/// Traffic over the mesh and open sessions.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Stats {
    /// Connections by protocol, for example `TCP`.
    #[prost(map = "string, int64", tag = "1")]
    pub connections_by_proto: HashMap<String, i64>,
    /// All connections.
    #[prost(int64, tag = "2")]
    pub connection_count: i64,
    /// Median latency in milliseconds; -0.001 when nothing was measured.
    #[prost(double, tag = "3")]
    pub connection_median_latency_ms: f64,
    /// Packets received.
    #[prost(int64, tag = "4")]
    pub rx_packets: i64,
    /// Bytes received.
    #[prost(int64, tag = "5")]
    pub rx_bytes: i64,
    /// Packets sent.
    #[prost(int64, tag = "6")]
    pub tx_packets: i64,
    /// Bytes sent.
    #[prost(int64, tag = "7")]
    pub tx_bytes: i64,
    /// Sessions of VS Code.
    #[prost(int64, tag = "8")]
    pub session_count_vscode: i64,
    /// Sessions of JetBrains programs.
    #[prost(int64, tag = "9")]
    pub session_count_jetbrains: i64,
    /// Web terminals.
    #[prost(int64, tag = "10")]
    pub session_count_reconnecting_pty: i64,
    /// Other SSH sessions.
    #[prost(int64, tag = "11")]
    pub session_count_ssh: i64,
    /// Counters and gauges of the daemon.
    #[prost(message, repeated, tag = "12")]
    pub metrics: Vec<Metric>,
}

/// One counter or gauge.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Metric {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Counter or gauge.
    #[prost(enumeration = "MetricType", tag = "2")]
    pub r#type: i32,
    /// Its value.
    #[prost(double, tag = "3")]
    pub value: f64,
    /// What tells it from others of the same name.
    #[prost(message, repeated, tag = "4")]
    pub labels: Vec<MetricLabel>,
}

/// A label of a [`Metric`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MetricLabel {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// Kind of a [`Metric`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MetricType {
    /// Not said.
    Unspecified = 0,
    /// Only grows.
    Counter = 1,
    /// Goes up and down.
    Gauge = 2,
}
