//! Messages of the Tailnet API, `coder.tailnet.v2` (spec `tailnet.md` 2 and 3).
//!
//! Flow: a peer opens `Coordinate` and says who it is (`update_self`) and whom it wants (`add_tunnel`); the coordinator
//! tells it each tunnel peer's [`Node`]. `StreamDERPMaps` and `WorkspaceUpdates` are pushed by the server.
//!
//! Caps: at most 1024 peer updates in one response ([`MAX_PEER_UPDATES`]), because a whole DRPC packet may not be
//! longer than 4 MiB.

use std::collections::{BTreeMap, HashMap};

use crate::wkt::{Duration, Timestamp};

/// Most peer updates in one [`CoordinateResponse`].
pub const MAX_PEER_UPDATES: usize = 1024;

/// RPC names.
pub mod method {
    /// Client telemetry; our server accepts and discards it.
    pub const POST_TELEMETRY: &str = "/coder.tailnet.v2.Tailnet/PostTelemetry";
    /// Relay maps, first at once, then each change.
    pub const STREAM_DERP_MAPS: &str = "/coder.tailnet.v2.Tailnet/StreamDERPMaps";
    /// A token that keeps the peer id over reconnects.
    pub const REFRESH_RESUME_TOKEN: &str = "/coder.tailnet.v2.Tailnet/RefreshResumeToken";
    /// The coordination stream.
    pub const COORDINATE: &str = "/coder.tailnet.v2.Tailnet/Coordinate";
    /// Workspaces and agents of one owner.
    pub const WORKSPACE_UPDATES: &str = "/coder.tailnet.v2.Tailnet/WorkspaceUpdates";
}

/// The relay map on the wire; see [`crate::derp_map`] for the form programs use.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DerpMap {
    /// Must be present: Go clients dereference it.
    #[prost(message, optional, tag = "1")]
    pub home_params: Option<HomeParams>,
    /// Regions by id.
    #[prost(btree_map = "int64, message", tag = "2")]
    pub regions: BTreeMap<i64, Region>,
}

/// Scores that make a region more or less attractive as home.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HomeParams {
    /// Latency factor by region.
    #[prost(map = "int64, double", tag = "1")]
    pub region_score: HashMap<i64, f64>,
}

/// A relay region.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Region {
    /// Its id.
    #[prost(int64, tag = "1")]
    pub region_id: i64,
    /// The relay inside the server: clients rewrite its nodes to their own access URL.
    #[prost(bool, tag = "2")]
    pub embedded_relay: bool,
    /// Short code.
    #[prost(string, tag = "3")]
    pub region_code: String,
    /// Name for people.
    #[prost(string, tag = "4")]
    pub region_name: String,
    /// Never choose as home.
    #[prost(bool, tag = "5")]
    pub avoid: bool,
    /// Its servers, tried in order.
    #[prost(message, repeated, tag = "6")]
    pub nodes: Vec<RelayNode>,
}

/// One relay or STUN server.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RelayNode {
    /// Unique name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The region.
    #[prost(int64, tag = "2")]
    pub region_id: i64,
    /// Host name.
    #[prost(string, tag = "3")]
    pub host_name: String,
    /// Expected certificate name, when it differs.
    #[prost(string, tag = "4")]
    pub cert_name: String,
    /// Fixed IPv4 address; a text that is none turns IPv4 off.
    #[prost(string, tag = "5")]
    pub ipv4: String,
    /// Fixed IPv6 address; a text that is none turns IPv6 off.
    #[prost(string, tag = "6")]
    pub ipv6: String,
    /// 0 means 3478, negative means no STUN.
    #[prost(int32, tag = "7")]
    pub stun_port: i32,
    /// No relay here.
    #[prost(bool, tag = "8")]
    pub stun_only: bool,
    /// 0 means 443.
    #[prost(int32, tag = "9")]
    pub derp_port: i32,
    /// Skip certificate checks (tests of the field only; we never honour it).
    #[prost(bool, tag = "10")]
    pub insecure_for_tests: bool,
    /// Plain HTTP.
    #[prost(bool, tag = "11")]
    pub force_http: bool,
    /// Overrides the STUN destination.
    #[prost(string, tag = "12")]
    pub stun_test_ip: String,
    /// Port 80 answers too.
    #[prost(bool, tag = "13")]
    pub can_port_80: bool,
}

/// A peer's published record.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Node {
    /// Number derived from the id (agents) or random (clients).
    #[prost(int64, tag = "1")]
    pub id: i64,
    /// When this record was made.
    #[prost(message, optional, tag = "2")]
    pub as_of: Option<Timestamp>,
    /// `np` and the 32-byte WireGuard public key ([`crate::key::NodePublic::to_wire`]).
    #[prost(bytes = "vec", tag = "3")]
    pub key: Vec<u8>,
    /// `discokey:` and 64 hex digits.
    #[prost(string, tag = "4")]
    pub disco: String,
    /// Home relay region, never 0 when sent.
    #[prost(int32, tag = "5")]
    pub preferred_derp: i32,
    /// `"<region>-v4"` or `"-v6"` to seconds.
    #[prost(map = "string, double", tag = "6")]
    pub derp_latency: HashMap<String, f64>,
    /// Region to the reason why websockets are used.
    #[prost(map = "int32, string", tag = "7")]
    pub derp_forced_websocket: HashMap<i32, String>,
    /// `fd…/128` prefixes.
    #[prost(string, repeated, tag = "8")]
    pub addresses: Vec<String>,
    /// The same list.
    #[prost(string, repeated, tag = "9")]
    pub allowed_ips: Vec<String>,
    /// `ip:port` candidates; empty when direct connections are blocked.
    #[prost(string, repeated, tag = "10")]
    pub endpoints: Vec<String>,
}

/// What a peer says to the coordinator. Any combination may be in one message.
#[derive(Clone, PartialEq, prost::Message)]
pub struct CoordinateRequest {
    /// A new own record.
    #[prost(message, optional, tag = "1")]
    pub update_self: Option<UpdateSelf>,
    /// Goodbye; the coordinator closes the stream.
    #[prost(message, optional, tag = "2")]
    pub disconnect: Option<Disconnect>,
    /// Open a tunnel.
    #[prost(message, optional, tag = "3")]
    pub add_tunnel: Option<Tunnel>,
    /// Close a tunnel.
    #[prost(message, optional, tag = "4")]
    pub remove_tunnel: Option<Tunnel>,
    /// Peers that may start their handshake now.
    #[prost(message, repeated, tag = "5")]
    pub ready_for_handshake: Vec<ReadyForHandshake>,
}

/// Carries a [`Node`].
#[derive(Clone, PartialEq, prost::Message)]
pub struct UpdateSelf {
    /// The record.
    #[prost(message, optional, tag = "1")]
    pub node: Option<Node>,
}

/// Goodbye.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Disconnect {}

/// Names the peer of a tunnel.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Tunnel {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
}

/// Names a peer that may start its handshake.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ReadyForHandshake {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
}

/// What the coordinator says.
#[derive(Clone, PartialEq, prost::Message)]
pub struct CoordinateResponse {
    /// At most [`MAX_PEER_UPDATES`].
    #[prost(message, repeated, tag = "1")]
    pub peer_updates: Vec<PeerUpdate>,
    /// Why a request was refused, empty when none was.
    #[prost(string, tag = "2")]
    pub error: String,
}

/// News of one peer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PeerUpdate {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// Set only for [`PeerUpdateKind::Node`].
    #[prost(message, optional, tag = "2")]
    pub node: Option<Node>,
    /// What happened.
    #[prost(enumeration = "PeerUpdateKind", tag = "3")]
    pub kind: i32,
    /// Free text.
    #[prost(string, tag = "4")]
    pub reason: String,
}

/// Kind of a [`PeerUpdate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum PeerUpdateKind {
    /// Not said.
    Unspecified = 0,
    /// A new or changed record.
    Node = 1,
    /// It said goodbye.
    Disconnected = 2,
    /// Its connection broke.
    Lost = 3,
    /// It has our record and accepts our handshake.
    ReadyForHandshake = 4,
}

/// Asks for a resume token.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct RefreshResumeTokenRequest {}

/// A resume token. Its `Debug` form leaves the token out.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RefreshResumeTokenResponse {
    /// Opaque.
    #[prost(string, tag = "1")]
    pub token: String,
    /// Ask again after this.
    #[prost(message, optional, tag = "2")]
    pub refresh_in: Option<Duration>,
    /// Useless after this.
    #[prost(message, optional, tag = "3")]
    pub expires_at: Option<Timestamp>,
    /// The caller's peer id (newer servers; field number unverified), 16 bytes or empty.
    #[prost(bytes = "vec", tag = "4")]
    pub peer_id: Vec<u8>,
}

impl std::fmt::Debug for RefreshResumeTokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshResumeTokenResponse")
            .field("refresh_in", &self.refresh_in)
            .field("expires_at", &self.expires_at)
            .field("peer_id", &self.peer_id)
            .finish_non_exhaustive()
    }
}

/// Whose workspaces to watch.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WorkspaceUpdatesRequest {
    /// A user's UUID, never "me".
    #[prost(bytes = "vec", tag = "1")]
    pub workspace_owner_id: Vec<u8>,
}

/// First a snapshot, then differences. Apply: upsert workspaces, delete agents, delete workspaces, upsert agents.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WorkspaceUpdate {
    /// New or changed.
    #[prost(message, repeated, tag = "1")]
    pub upserted_workspaces: Vec<Workspace>,
    /// New or changed.
    #[prost(message, repeated, tag = "2")]
    pub upserted_agents: Vec<Agent>,
    /// Gone.
    #[prost(message, repeated, tag = "3")]
    pub deleted_workspaces: Vec<Workspace>,
    /// Gone.
    #[prost(message, repeated, tag = "4")]
    pub deleted_agents: Vec<Agent>,
}

/// A workspace in a [`WorkspaceUpdate`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Workspace {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Its state.
    #[prost(enumeration = "WorkspaceStatus", tag = "3")]
    pub status: i32,
}

/// State of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum WorkspaceStatus {
    Unknown = 0,
    Pending = 1,
    Starting = 2,
    Running = 3,
    Stopping = 4,
    Stopped = 5,
    Failed = 6,
    Canceling = 7,
    Canceled = 8,
    Deleting = 9,
    Deleted = 10,
}

/// A workspace daemon in a [`WorkspaceUpdate`].
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Agent {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// Its name.
    #[prost(string, tag = "2")]
    pub name: String,
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub workspace_id: Vec<u8>,
}
