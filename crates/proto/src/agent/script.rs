//! Scripts of a workspace daemon and how they ended (spec `agent-rpc.md` 5.2 and 5.3).

use crate::wkt::{Duration, Timestamp};

/// A script of the manifest.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WorkspaceAgentScript {
    /// Where its output goes, 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub log_source_id: Vec<u8>,
    /// A file for its output too.
    #[prost(string, tag = "2")]
    pub log_path: String,
    /// Its text.
    #[prost(string, tag = "3")]
    pub script: String,
    /// When to run: second, minute, hour, day, month, optional weekday; empty for never.
    #[prost(string, tag = "4")]
    pub cron: String,
    /// Run when the daemon starts.
    #[prost(bool, tag = "5")]
    pub run_on_start: bool,
    /// Run when the daemon stops.
    #[prost(bool, tag = "6")]
    pub run_on_stop: bool,
    /// Logins wait for its end.
    #[prost(bool, tag = "7")]
    pub start_blocks_login: bool,
    /// Longest run, zero for none. An ordinary duration.
    #[prost(message, optional, tag = "8")]
    pub timeout: Option<Duration>,
    /// Name for people.
    #[prost(string, tag = "9")]
    pub display_name: String,
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "10")]
    pub id: Vec<u8>,
}

/// Reports the end of a script.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WorkspaceAgentScriptCompletedRequest {
    /// How it went. Servers refuse a missing one, zero times and a start after the end.
    #[prost(message, optional, tag = "1")]
    pub timing: Option<Timing>,
}

/// Received.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct WorkspaceAgentScriptCompletedResponse {}

/// One run of a script.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Timing {
    /// The script, 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub script_id: Vec<u8>,
    /// When it began.
    #[prost(message, optional, tag = "2")]
    pub start: Option<Timestamp>,
    /// When it ended.
    #[prost(message, optional, tag = "3")]
    pub end: Option<Timestamp>,
    /// Its exit code.
    #[prost(int32, tag = "4")]
    pub exit_code: i32,
    /// Why it ran.
    #[prost(enumeration = "TimingStage", tag = "5")]
    pub stage: i32,
    /// How it ended.
    #[prost(enumeration = "TimingStatus", tag = "6")]
    pub status: i32,
}

/// Why a script ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum TimingStage {
    Start = 0,
    Stop = 1,
    Cron = 2,
}

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum TimingStatus {
    /// Exit code 0.
    Ok = 0,
    /// Another exit code.
    ExitFailure = 1,
    /// Ended by its timeout.
    TimedOut = 2,
    /// It ended but left a child that holds its output open.
    PipesLeftOpen = 3,
}
