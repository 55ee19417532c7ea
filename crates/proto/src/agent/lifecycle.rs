//! Where a workspace daemon is in its life, and what it is (spec `agent-rpc.md` 5.3, `Lifecycle` and `Startup`).

use crate::wkt::Timestamp;

/// Reports one state; states are reported one by one, in order.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct UpdateLifecycleRequest {
    /// The state.
    #[prost(message, optional, tag = "1")]
    pub lifecycle: Option<Lifecycle>,
}

/// A state and its beginning.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Lifecycle {
    /// The state.
    #[prost(enumeration = "LifecycleState", tag = "1")]
    pub state: i32,
    /// Since when.
    #[prost(message, optional, tag = "2")]
    pub changed_at: Option<Timestamp>,
}

/// State of a workspace daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum LifecycleState {
    /// Not said.
    Unspecified = 0,
    /// Known to the server, never connected.
    Created = 1,
    /// Start scripts run.
    Starting = 2,
    /// A start script is over its time.
    StartTimeout = 3,
    /// A start script failed.
    StartError = 4,
    /// Start scripts ended well.
    Ready = 5,
    /// Stop scripts run.
    ShuttingDown = 6,
    /// A stop script is over its time.
    ShutdownTimeout = 7,
    /// A stop script failed.
    ShutdownError = 8,
    /// Stop scripts ended; the daemon ends.
    Off = 9,
}

/// Says what the daemon is.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct UpdateStartupRequest {
    /// What it is.
    #[prost(message, optional, tag = "1")]
    pub startup: Option<Startup>,
}

/// What a daemon is; the server echoes it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Startup {
    /// Semantic version with a leading `v`; real servers end the connection on anything else.
    #[prost(string, tag = "1")]
    pub version: String,
    /// The manifest's directory with `~` and variables expanded.
    #[prost(string, tag = "2")]
    pub expanded_directory: String,
    /// What the daemon runs under.
    #[prost(enumeration = "Subsystem", repeated, tag = "3")]
    pub subsystems: Vec<i32>,
}

/// Something around the daemon that people want to see in its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Subsystem {
    Unspecified = 0,
    Envbox = 1,
    Envbuilder = 2,
    Exectrace = 3,
}
