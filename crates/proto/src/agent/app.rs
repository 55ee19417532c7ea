//! Apps of a workspace, their health and their status (spec `agent-rpc.md` 5.2 and 5.3).

use crate::wkt::Duration;

/// An app of the manifest. Real daemons require `healthcheck`, and `sharing_level` and `health` that are not 0.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WorkspaceApp {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// What it serves, as seen from the daemon.
    #[prost(string, tag = "2")]
    pub url: String,
    /// A plain link that is not proxied.
    #[prost(bool, tag = "3")]
    pub external: bool,
    /// Name in addresses.
    #[prost(string, tag = "4")]
    pub slug: String,
    /// Name for people.
    #[prost(string, tag = "5")]
    pub display_name: String,
    /// Opens a terminal with this command instead of a page.
    #[prost(string, tag = "6")]
    pub command: String,
    /// Picture.
    #[prost(string, tag = "7")]
    pub icon: String,
    /// Served on its own host name.
    #[prost(bool, tag = "8")]
    pub subdomain: bool,
    /// That host name's first label.
    #[prost(string, tag = "9")]
    pub subdomain_name: String,
    /// Who may open it.
    #[prost(enumeration = "SharingLevel", tag = "10")]
    pub sharing_level: i32,
    /// How to see whether it lives.
    #[prost(message, optional, tag = "11")]
    pub healthcheck: Option<Healthcheck>,
    /// Whether it lives.
    #[prost(enumeration = "AppHealth", tag = "12")]
    pub health: i32,
    /// Not shown.
    #[prost(bool, tag = "13")]
    pub hidden: bool,
}

/// How to see whether an app lives. All empty means that nobody looks.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Healthcheck {
    /// Asked with GET; an answer below 500 is good.
    #[prost(string, tag = "1")]
    pub url: String,
    /// Time between questions. An ordinary duration.
    #[prost(message, optional, tag = "2")]
    pub interval: Option<Duration>,
    /// Failures in a row until it is unhealthy.
    #[prost(int32, tag = "3")]
    pub threshold: i32,
}

/// Who may open a [`WorkspaceApp`]. Sub-daemon apps count differently: [`super::SubAgentAppShare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum SharingLevel {
    /// Not said; real daemons refuse it.
    Unspecified = 0,
    /// The owner.
    Owner = 1,
    /// Everyone with an account.
    Authenticated = 2,
    /// Everyone.
    Public = 3,
    /// Everyone of the organization.
    Organization = 4,
}

/// Whether an app lives. The manifest and the report use the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum AppHealth {
    /// Not said; real daemons refuse it.
    Unspecified = 0,
    /// Nobody looks.
    Disabled = 1,
    /// Not answered yet.
    Initializing = 2,
    /// Answers.
    Healthy = 3,
    /// Stopped answering.
    Unhealthy = 4,
}

/// Reports changes of health.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BatchUpdateAppHealthRequest {
    /// The changes.
    #[prost(message, repeated, tag = "1")]
    pub updates: Vec<AppHealthUpdate>,
}

/// Received.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct BatchUpdateAppHealthResponse {}

/// Health of one app.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct AppHealthUpdate {
    /// The app, 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// Its health.
    #[prost(enumeration = "AppHealth", tag = "2")]
    pub health: i32,
}

/// Longest [`UpdateAppStatusRequest::message`] in bytes; real servers refuse more.
pub const MAX_APP_STATUS: usize = 160;

/// Says what an app is doing.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct UpdateAppStatusRequest {
    /// The app.
    #[prost(string, tag = "1")]
    pub slug: String,
    /// Its state.
    #[prost(enumeration = "AppStatusState", tag = "2")]
    pub state: i32,
    /// In words, at most [`MAX_APP_STATUS`] bytes.
    #[prost(string, tag = "3")]
    pub message: String,
    /// Where to see more.
    #[prost(string, tag = "4")]
    pub uri: String,
}

/// Received.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct UpdateAppStatusResponse {}

/// State in an [`UpdateAppStatusRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum AppStatusState {
    Working = 0,
    Idle = 1,
    Complete = 2,
    Failure = 3,
}
