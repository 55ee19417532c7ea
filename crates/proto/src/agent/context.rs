//! Files and tools that AI assistants in a workspace use (spec `agent-rpc.md` 5.3, `PushContextState`).
//!
//! Only the messages: our server answers this call with "unimplemented" and our daemon does not make it.

/// The whole state, or what changed.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PushContextStateRequest {
    /// Grows with every push.
    #[prost(uint64, tag = "1")]
    pub version: u64,
    /// Hash over all resources.
    #[prost(bytes = "vec", tag = "2")]
    pub aggregate_hash: Vec<u8>,
    /// The resources.
    #[prost(message, repeated, tag = "3")]
    pub resources: Vec<ContextResource>,
    /// The first push of a connection.
    #[prost(bool, tag = "4")]
    pub initial: bool,
    /// Why there is no state.
    #[prost(string, tag = "6")]
    pub snapshot_error: String,
}

/// Whether the server took it.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct PushContextStateResponse {
    /// It did.
    #[prost(bool, tag = "1")]
    pub accepted: bool,
}

/// One file or tool server.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ContextResource {
    /// Where it comes from.
    #[prost(string, tag = "1")]
    pub source: String,
    /// Its file.
    #[prost(string, optional, tag = "2")]
    pub source_path: Option<String>,
    /// Hash of its content.
    #[prost(bytes = "vec", tag = "3")]
    pub content_hash: Vec<u8>,
    /// Length of its content.
    #[prost(uint64, tag = "4")]
    pub size_bytes: u64,
    /// Whether it could be used.
    #[prost(enumeration = "ContextStatus", tag = "5")]
    pub status: i32,
    /// Why not.
    #[prost(string, tag = "6")]
    pub error: String,
    /// What it is.
    #[prost(oneof = "ContextBody", tags = "10, 11, 12, 13")]
    pub body: Option<ContextBody>,
}

/// Whether a [`ContextResource`] could be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum ContextStatus {
    Unspecified = 0,
    Ok = 1,
    Oversize = 2,
    Unreadable = 3,
    Invalid = 4,
    Excluded = 5,
}

/// What a [`ContextResource`] is.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub enum ContextBody {
    /// Instructions.
    #[prost(message, tag = "10")]
    InstructionFile(InstructionFile),
    /// A skill.
    #[prost(message, tag = "11")]
    Skill(Skill),
    /// A configuration of tool servers.
    #[prost(message, tag = "12")]
    McpConfig(McpConfig),
    /// A tool server.
    #[prost(message, tag = "13")]
    McpServer(McpServer),
}

/// Instructions.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct InstructionFile {
    /// The text.
    #[prost(bytes = "vec", tag = "1")]
    pub content: Vec<u8>,
}

/// A skill.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Skill {
    /// Its description file.
    #[prost(bytes = "vec", tag = "1")]
    pub meta: Vec<u8>,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// What it is for.
    #[prost(string, tag = "3")]
    pub description: String,
}

/// A configuration of tool servers; only its presence is said.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct McpConfig {}

/// A tool server.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct McpServer {
    /// Its name.
    #[prost(string, tag = "1")]
    pub server_name: String,
    /// What it is for.
    #[prost(string, tag = "2")]
    pub description: String,
    /// Its tools.
    #[prost(message, repeated, tag = "3")]
    pub tools: Vec<McpTool>,
}

/// A tool.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct McpTool {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What it is for.
    #[prost(string, tag = "2")]
    pub description: String,
    /// An encoded `google.protobuf.Struct`; nothing here reads it.
    #[prost(bytes = "vec", tag = "3")]
    pub input_schema: Vec<u8>,
}
