//! Reports of people's connections to a workspace (spec `agent-rpc.md` 5.3, `Connection`).

use crate::wkt::Timestamp;

/// Reports one beginning or end; answered by [`crate::wkt::Empty`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ReportConnectionRequest {
    /// What happened.
    #[prost(message, optional, tag = "1")]
    pub connection: Option<Connection>,
}

/// A beginning or an end of a connection.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Connection {
    /// The same at the beginning and the end; 16 bytes, not all zero.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// Beginning or end.
    #[prost(enumeration = "ConnectionAction", tag = "2")]
    pub action: i32,
    /// What it is used by.
    #[prost(enumeration = "ConnectionType", tag = "3")]
    pub r#type: i32,
    /// When.
    #[prost(message, optional, tag = "4")]
    pub timestamp: Option<Timestamp>,
    /// The other end's address, without a port.
    #[prost(string, tag = "5")]
    pub ip: String,
    /// How it ended.
    #[prost(int32, tag = "6")]
    pub status_code: i32,
    /// Why it ended.
    #[prost(string, optional, tag = "7")]
    pub reason: Option<String>,
}

/// Beginning or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum ConnectionAction {
    Unspecified = 0,
    Connect = 1,
    Disconnect = 2,
}

/// What a connection is used by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum ConnectionType {
    Unspecified = 0,
    Ssh = 1,
    Vscode = 2,
    Jetbrains = 3,
    ReconnectingPty = 4,
}
