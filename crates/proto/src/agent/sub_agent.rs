//! Sub-daemons: daemons that a workspace daemon creates inside its workspace (spec `agent-rpc.md` 5.3, `SubAgent`).

use std::fmt;

/// A sub-daemon. Its `Debug` form leaves out the token.
#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub struct SubAgent {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub id: Vec<u8>,
    /// A UUID's 16 bytes; the token is its text form.
    #[prost(bytes = "vec", tag = "3")]
    pub auth_token: Vec<u8>,
}

impl fmt::Debug for SubAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubAgent").field("name", &self.name).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Creates a sub-daemon, or with `id` completes one that the template created.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CreateSubAgentRequest {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Where its shells start.
    #[prost(string, tag = "2")]
    pub directory: String,
    /// For example `amd64`.
    #[prost(string, tag = "3")]
    pub architecture: String,
    /// For example `linux`.
    #[prost(string, tag = "4")]
    pub operating_system: String,
    /// Its apps.
    #[prost(message, repeated, tag = "5")]
    pub apps: Vec<SubAgentApp>,
    /// Built-in apps to show.
    #[prost(enumeration = "DisplayApp", repeated, tag = "6")]
    pub display_apps: Vec<i32>,
    /// One that exists and belongs to the caller, 16 bytes.
    #[prost(bytes = "vec", optional, tag = "7")]
    pub id: Option<Vec<u8>>,
}

/// A built-in app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum DisplayApp {
    Vscode = 0,
    VscodeInsiders = 1,
    WebTerminal = 2,
    SshHelper = 3,
    PortForwardingHelper = 4,
}

/// An app of a sub-daemon.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SubAgentApp {
    /// Name in addresses.
    #[prost(string, tag = "1")]
    pub slug: String,
    /// Opens a terminal with this command.
    #[prost(string, optional, tag = "2")]
    pub command: Option<String>,
    /// Name for people.
    #[prost(string, optional, tag = "3")]
    pub display_name: Option<String>,
    /// A plain link.
    #[prost(bool, optional, tag = "4")]
    pub external: Option<bool>,
    /// Shown under this heading.
    #[prost(string, optional, tag = "5")]
    pub group: Option<String>,
    /// How to see whether it lives.
    #[prost(message, optional, tag = "6")]
    pub healthcheck: Option<SubAgentHealthcheck>,
    /// Not shown.
    #[prost(bool, optional, tag = "7")]
    pub hidden: Option<bool>,
    /// Picture.
    #[prost(string, optional, tag = "8")]
    pub icon: Option<String>,
    /// How to open it.
    #[prost(enumeration = "OpenIn", optional, tag = "9")]
    pub open_in: Option<i32>,
    /// Position.
    #[prost(int32, optional, tag = "10")]
    pub order: Option<i32>,
    /// Who may open it.
    #[prost(enumeration = "SubAgentAppShare", optional, tag = "11")]
    pub share: Option<i32>,
    /// Served on its own host name.
    #[prost(bool, optional, tag = "12")]
    pub subdomain: Option<bool>,
    /// What it serves.
    #[prost(string, optional, tag = "13")]
    pub url: Option<String>,
}

/// How to see whether an app of a sub-daemon lives; here the interval is in seconds.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct SubAgentHealthcheck {
    /// Seconds between questions.
    #[prost(int32, tag = "1")]
    pub interval: i32,
    /// Failures in a row until it is unhealthy.
    #[prost(int32, tag = "2")]
    pub threshold: i32,
    /// Asked with GET.
    #[prost(string, tag = "3")]
    pub url: String,
}

/// How an app opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum OpenIn {
    SlimWindow = 0,
    Tab = 1,
}

/// Who may open a [`SubAgentApp`]; the manifest's [`super::SharingLevel`] has other numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum SubAgentAppShare {
    Owner = 0,
    Authenticated = 1,
    Public = 2,
    Organization = 3,
}

/// The sub-daemon and the apps that could not be made.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct CreateSubAgentResponse {
    /// The sub-daemon.
    #[prost(message, optional, tag = "1")]
    pub agent: Option<SubAgent>,
    /// One for each app that failed.
    #[prost(message, repeated, tag = "2")]
    pub app_creation_errors: Vec<AppCreationError>,
}

/// Why an app of a sub-daemon was not made.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct AppCreationError {
    /// Position in the request.
    #[prost(int32, tag = "1")]
    pub index: i32,
    /// The field at fault.
    #[prost(string, optional, tag = "2")]
    pub field: Option<String>,
    /// In words.
    #[prost(string, tag = "3")]
    pub error: String,
}

/// Deletes a sub-daemon of the caller.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct DeleteSubAgentRequest {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
}

/// Deleted.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct DeleteSubAgentResponse {}

/// Asks for the caller's sub-daemons.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct ListSubAgentsRequest {}

/// The caller's sub-daemons, without their tokens.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ListSubAgentsResponse {
    /// The sub-daemons.
    #[prost(message, repeated, tag = "1")]
    pub agents: Vec<SubAgent>,
}
