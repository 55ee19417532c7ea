//! The manifest: everything a workspace daemon must know to begin (spec `agent-rpc.md` 5.2).
//!
//! Traps of real daemons, which a server must avoid: `derp_map` and its `home_params` must be present; every app needs
//! what [`super::WorkspaceApp`] says; ids are exactly 16 bytes; metadata intervals are odd ([`MetadataDescription`]).

use std::collections::HashMap;
use std::fmt;

use super::{MetadataDescription, WorkspaceAgentScript, WorkspaceApp};
use crate::tailnet::DerpMap;

/// Asks for the manifest.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct GetManifestRequest {}

/// What the daemon is, runs and offers. Its `Debug` form leaves out environment and secrets.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct Manifest {
    /// The daemon, 16 bytes, not all zero.
    #[prost(bytes = "vec", tag = "1")]
    pub agent_id: Vec<u8>,
    /// Number of external logins for git.
    #[prost(uint32, tag = "2")]
    pub git_auth_configs: u32,
    /// For everything the daemon starts; the daemon expands `$NAME` in the values.
    #[prost(map = "string, string", tag = "3")]
    pub environment_variables: HashMap<String, String>,
    /// Where shells start; the daemon expands `~` and variables, and puts a relative path under the home folder.
    #[prost(string, tag = "4")]
    pub directory: String,
    /// Address of a port for VS Code, with `{{port}}` in it; empty when the server has no wildcard host.
    #[prost(string, tag = "5")]
    pub vs_code_port_proxy_uri: String,
    /// Text to show at login.
    #[prost(string, tag = "6")]
    pub motd_path: String,
    /// Never say or use direct addresses.
    #[prost(bool, tag = "7")]
    pub disable_direct_connections: bool,
    /// Speak to relays by websocket only.
    #[prost(bool, tag = "8")]
    pub derp_force_websockets: bool,
    /// The relays; must be present, and its `home_params` too.
    #[prost(message, optional, tag = "9")]
    pub derp_map: Option<DerpMap>,
    /// Scripts to run.
    #[prost(message, repeated, tag = "10")]
    pub scripts: Vec<WorkspaceAgentScript>,
    /// Apps to watch.
    #[prost(message, repeated, tag = "11")]
    pub apps: Vec<WorkspaceApp>,
    /// Values to collect.
    #[prost(message, repeated, tag = "12")]
    pub metadata: Vec<MetadataDescription>,
    /// The owner's name.
    #[prost(string, tag = "13")]
    pub owner_username: String,
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "14")]
    pub workspace_id: Vec<u8>,
    /// The daemon's name.
    #[prost(string, tag = "15")]
    pub agent_name: String,
    /// The workspace's name.
    #[prost(string, tag = "16")]
    pub workspace_name: String,
    /// Development containers to offer.
    #[prost(message, repeated, tag = "17")]
    pub devcontainers: Vec<WorkspaceAgentDevcontainer>,
    /// Set for a sub-daemon: the daemon that it belongs to, 16 bytes.
    #[prost(bytes = "vec", optional, tag = "18")]
    pub parent_id: Option<Vec<u8>>,
    /// The owner's secrets.
    #[prost(message, repeated, tag = "19")]
    pub secrets: Vec<WorkspaceSecret>,
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest")
            .field("owner_username", &self.owner_username)
            .field("workspace_name", &self.workspace_name)
            .field("agent_name", &self.agent_name)
            .field("scripts", &self.scripts.len())
            .field("apps", &self.apps.len())
            .finish_non_exhaustive()
    }
}

/// A secret of the owner, as a variable, a file, or both. Its `Debug` form leaves out the value.
#[derive(Clone, PartialEq, Eq, prost::Message)]
#[prost(skip_debug)]
pub struct WorkspaceSecret {
    /// Variable to set, empty for none.
    #[prost(string, tag = "1")]
    pub env_name: String,
    /// File to write, empty for none.
    #[prost(string, tag = "2")]
    pub file_path: String,
    /// The secret.
    #[prost(bytes = "vec", tag = "3")]
    pub value: Vec<u8>,
}

impl fmt::Debug for WorkspaceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkspaceSecret")
            .field("env_name", &self.env_name)
            .field("file_path", &self.file_path)
            .finish_non_exhaustive()
    }
}

/// A development container of the workspace.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WorkspaceAgentDevcontainer {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// The project's folder.
    #[prost(string, tag = "2")]
    pub workspace_folder: String,
    /// Its configuration file.
    #[prost(string, tag = "3")]
    pub config_path: String,
    /// Name for people.
    #[prost(string, tag = "4")]
    pub name: String,
    /// The sub-daemon that was made for it beforehand, 16 bytes.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub subagent_id: Option<Vec<u8>>,
}
