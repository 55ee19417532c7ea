//! Log lines of scripts and of the daemon (spec `agent-rpc.md` 5.3, `Log`).

use crate::wkt::Timestamp;

/// Appends lines to one source.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BatchCreateLogsRequest {
    /// The source, 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub log_source_id: Vec<u8>,
    /// The lines in order.
    #[prost(message, repeated, tag = "2")]
    pub logs: Vec<Log>,
}

/// Whether there is room for more.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct BatchCreateLogsResponse {
    /// The server keeps no more lines of this daemon: stop sending.
    #[prost(bool, tag = "1")]
    pub log_limit_exceeded: bool,
}

/// One line.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Log {
    /// When it was written.
    #[prost(message, optional, tag = "1")]
    pub created_at: Option<Timestamp>,
    /// Its text without the newline.
    #[prost(string, tag = "2")]
    pub output: String,
    /// How serious it is.
    #[prost(enumeration = "LogLevel", tag = "3")]
    pub level: i32,
}

/// How serious a [`Log`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum LogLevel {
    Unspecified = 0,
    Trace = 1,
    Debug = 2,
    Info = 3,
    Warn = 4,
    Error = 5,
}
