//! What a confined process asked for and whether it was allowed (spec `agent-rpc.md` 5.3, `BoundaryLog`).

use crate::wkt::Timestamp;

/// Most logs in one [`ReportBoundaryLogsRequest`]; real servers refuse more.
pub const MAX_BOUNDARY_LOGS: usize = 1000;

/// Reports decisions.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ReportBoundaryLogsRequest {
    /// At most [`MAX_BOUNDARY_LOGS`].
    #[prost(message, repeated, tag = "1")]
    pub logs: Vec<BoundaryLog>,
    /// Which run of the confinement.
    #[prost(string, tag = "2")]
    pub session_id: String,
    /// What was confined.
    #[prost(string, tag = "3")]
    pub confined_process_name: String,
}

/// Received.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct ReportBoundaryLogsResponse {}

/// One decision.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BoundaryLog {
    /// What was decided.
    #[prost(bool, tag = "1")]
    pub allowed: bool,
    /// When.
    #[prost(message, optional, tag = "2")]
    pub time: Option<Timestamp>,
    /// What was asked for.
    #[prost(oneof = "BoundaryResource", tags = "3")]
    pub resource: Option<BoundaryResource>,
    /// Position within the session.
    #[prost(int32, tag = "4")]
    pub sequence_number: i32,
}

/// What a confined process asked for.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum BoundaryResource {
    /// A web request.
    #[prost(message, tag = "3")]
    HttpRequest(BoundaryHttpRequest),
}

/// A web request of a confined process.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BoundaryHttpRequest {
    /// Its method.
    #[prost(string, tag = "1")]
    pub method: String,
    /// Its URL.
    #[prost(string, tag = "2")]
    pub url: String,
    /// The rule that allowed it.
    #[prost(string, tag = "3")]
    pub matched_rule: String,
}
