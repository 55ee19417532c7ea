//! Memory and volume usage that a workspace daemon measures for its server (spec `agent-rpc.md` 5.3).

use crate::wkt::Timestamp;

/// Asks what to measure.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct GetResourcesMonitoringConfigurationRequest {}

/// What to measure.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct GetResourcesMonitoringConfigurationResponse {
    /// How often; must be present.
    #[prost(message, optional, tag = "1")]
    pub config: Option<MonitoringConfig>,
    /// Whether memory is measured.
    #[prost(message, optional, tag = "2")]
    pub memory: Option<MemoryMonitor>,
    /// Which volumes are measured.
    #[prost(message, repeated, tag = "3")]
    pub volumes: Vec<VolumeMonitor>,
}

/// How often to measure and how much to keep.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct MonitoringConfig {
    /// Points that are pushed together (real servers: 20).
    #[prost(int32, tag = "1")]
    pub num_datapoints: i32,
    /// Seconds between points, greater than 0 (real servers: 10).
    #[prost(int32, tag = "2")]
    pub collection_interval_seconds: i32,
}

/// Whether memory is measured.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct MemoryMonitor {
    /// It is.
    #[prost(bool, tag = "1")]
    pub enabled: bool,
}

/// A volume to measure.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct VolumeMonitor {
    /// It is measured.
    #[prost(bool, tag = "1")]
    pub enabled: bool,
    /// Where it is mounted.
    #[prost(string, tag = "2")]
    pub path: String,
}

/// Pushes the last points.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PushResourcesMonitoringUsageRequest {
    /// Oldest first.
    #[prost(message, repeated, tag = "1")]
    pub datapoints: Vec<MonitoringDatapoint>,
}

/// Received.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct PushResourcesMonitoringUsageResponse {}

/// One point.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MonitoringDatapoint {
    /// When.
    #[prost(message, optional, tag = "1")]
    pub collected_at: Option<Timestamp>,
    /// Memory, when it is measured.
    #[prost(message, optional, tag = "2")]
    pub memory: Option<MemoryUsage>,
    /// Measured volumes.
    #[prost(message, repeated, tag = "3")]
    pub volumes: Vec<VolumeUsage>,
}

/// Memory in bytes.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct MemoryUsage {
    /// In use.
    #[prost(int64, tag = "1")]
    pub used: i64,
    /// There is.
    #[prost(int64, tag = "2")]
    pub total: i64,
}

/// A volume in bytes.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct VolumeUsage {
    /// Where it is mounted.
    #[prost(string, tag = "1")]
    pub volume: String,
    /// In use.
    #[prost(int64, tag = "2")]
    pub used: i64,
    /// There is.
    #[prost(int64, tag = "3")]
    pub total: i64,
}
