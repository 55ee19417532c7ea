//! Values that a workspace daemon collects by small scripts and shows beside the workspace (spec `agent-rpc.md` 5.2).

use std::time::Duration as Span;

use crate::wkt::{Duration, Timestamp};

/// One value to collect, as the manifest describes it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MetadataDescription {
    /// Name for people.
    #[prost(string, tag = "1")]
    pub display_name: String,
    /// Name on the wire.
    #[prost(string, tag = "2")]
    pub key: String,
    /// Prints the value.
    #[prost(string, tag = "3")]
    pub script: String,
    /// Not a real duration: see [`MetadataDescription::every`].
    #[prost(message, optional, tag = "4")]
    pub interval: Option<Duration>,
    /// Not a real duration: see [`MetadataDescription::limit`].
    #[prost(message, optional, tag = "5")]
    pub timeout: Option<Duration>,
}

impl MetadataDescription {
    /// Time between collections. This wire carries the number of *seconds* where a duration has its nanoseconds.
    #[must_use]
    pub fn every(&self) -> Span {
        seconds_of(self.interval)
    }

    /// Longest run of the script, zero for none; carried like [`MetadataDescription::every`].
    #[must_use]
    pub fn limit(&self) -> Span {
        seconds_of(self.timeout)
    }

    /// A whole number of seconds in this wire's form, for `interval` and `timeout`.
    #[must_use]
    pub fn encode_seconds(span: Span) -> Duration {
        Span::from_nanos(span.as_secs()).into()
    }
}

fn seconds_of(field: Option<Duration>) -> Span {
    let nanos = field.unwrap_or_default().to_std().as_nanos();
    Span::from_secs(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// One collected value.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct MetadataResult {
    /// When.
    #[prost(message, optional, tag = "1")]
    pub collected_at: Option<Timestamp>,
    /// Seconds since the collection.
    #[prost(int64, tag = "2")]
    pub age: i64,
    /// What the script printed.
    #[prost(string, tag = "3")]
    pub value: String,
    /// Why there is no value, empty when there is one.
    #[prost(string, tag = "4")]
    pub error: String,
}

/// A value with its key.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Metadata {
    /// The description's key.
    #[prost(string, tag = "1")]
    pub key: String,
    /// The value.
    #[prost(message, optional, tag = "2")]
    pub result: Option<MetadataResult>,
}

/// Reports values. Field 1 is not used on this wire.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BatchUpdateMetadataRequest {
    /// The values.
    #[prost(message, repeated, tag = "2")]
    pub metadata: Vec<Metadata>,
}

/// Received.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct BatchUpdateMetadataResponse {}
