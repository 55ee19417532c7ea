//! The state of the tunnel as it is sent to a watcher: the service, each deployment, each workspace daemon.

use std::net::{Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::health::Health;
use crate::id::{AgentId, WorkspaceId};

/// Local ports in one [`Event::Ports`]: user-space mode opens no more in all, and so many fit a frame twice.
pub const PORTS_IN_EVENT: usize = 256;

/// Workspace daemons in one [`Event::Daemons`]: with four names of the longest kind each, well below a frame.
pub const DAEMONS_IN_EVENT: usize = 24;

/// News for a watcher. After [`super::Call::Watch`] the whole state comes first: `Service`, then each deployment and
/// its daemons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The service as a whole.
    Service(ServiceStatus),
    /// One deployment.
    Deployment(DeploymentStatus),
    /// Workspace daemons of one deployment, all of them, in parts of at most [`DAEMONS_IN_EVENT`].
    Daemons {
        /// The deployment's URL.
        url: String,
        /// Whether this part starts a new list, which replaces the former one.
        is_first: bool,
        /// The part.
        daemons: Vec<DaemonStatus>,
    },
    /// The local ports that lead to a deployment's daemons, all of them. User-space mode only, which has no names.
    Ports {
        /// The deployment's URL.
        url: String,
        /// The ports, at most [`PORTS_IN_EVENT`].
        ports: Vec<LocalPort>,
    },
    /// This deployment is gone from the tunnel.
    Removed {
        /// Its URL.
        url: String,
    },
    /// Anything a newer service may say.
    #[serde(other)]
    Unknown,
}

/// A port of this computer that leads to a workspace daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalPort {
    /// The daemon.
    pub daemon: AgentId,
    /// The port there.
    pub remote: u16,
    /// The port of 127.0.0.1 here.
    pub local: u16,
    /// Whether the daemon runs on this computer, so that the port is its own and nothing leads there.
    #[serde(default)]
    pub is_here: bool,
}

/// The service as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Its program's version.
    pub version: String,
    /// The network device, while it exists.
    pub device: Option<String>,
    /// How the operating system was told of our names.
    pub names: Option<NameService>,
    /// What is wrong with the machine, the root causes only.
    pub health: Vec<Health>,
}

/// How the operating system asks us for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameService {
    /// `systemd-resolved`, over D-Bus.
    Resolved,
    /// NetworkManager's dnsmasq.
    NetworkManager,
    /// `resolvconf -p`.
    Openresolv,
    /// `/etc/resolv.conf`, because it was asked for.
    ResolvConf,
    /// Nobody was told: names work only when our server is asked directly.
    None,
}

/// One deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeploymentStatus {
    /// Its URL, as given.
    pub url: String,
    /// Its suffix, when it said it.
    pub suffix: Option<String>,
    /// Where it stands.
    pub state: DeploymentState,
    /// What is wrong with it.
    pub health: Vec<Health>,
    /// Names that are answered for it.
    pub names: u32,
}

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Asking the deployment who we are and how to connect.
    Asking,
    /// Dialling its control connection.
    Dialling,
    /// Names are answered, packets flow.
    Connected,
    /// It was connected; the control connection is being dialled again. Direct paths go on.
    Reconnecting,
    /// It will not work without a person: see the health codes.
    Failed,
}

/// One workspace daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaemonStatus {
    /// Its id.
    pub id: AgentId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The workspace's name.
    pub workspace_name: String,
    /// Its own name.
    pub name: String,
    /// Its names, shortest first, without final dots.
    pub hostnames: Vec<String>,
    /// The address they resolve to.
    pub address: Ipv6Addr,
    /// How packets go.
    pub path: DaemonPath,
    /// Round trip of that path, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Seconds since the last WireGuard handshake.
    pub handshake_age: Option<u64>,
    /// Traffic.
    pub counters: Counters,
}

/// How packets reach a daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "path", rename_all = "snake_case")]
pub enum DaemonPath {
    /// Straight over UDP.
    Direct {
        /// To there.
        address: SocketAddr,
    },
    /// Through a relay.
    Relay {
        /// The region's number.
        region: i32,
        /// Round trip to the relay itself, in milliseconds: the rest of the latency lies behind it.
        relay_ms: Option<f64>,
    },
    /// Not yet.
    None,
}

/// Inner bytes since the daemon was first seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// From the daemon.
    pub received: u64,
    /// To the daemon.
    pub sent: u64,
}
