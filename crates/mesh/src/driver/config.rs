//! How a mesh is started.

use std::net::Ipv6Addr;

use proto::derp_map::DerpMap;
use proto::key::{DiscoPrivate, NodePrivate};

use crate::engine::Role;
pub use proto::proxy::Proxies;

/// What happens to inbound TCP and UDP on a port nobody listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unhandled {
    /// Refuse it (clients).
    Refuse,
    /// Splice to the same port of 127.0.0.1, then `[::1]`; refused when both refuse (workspace daemons).
    Loopback,
}

/// How relays are reached, apart from their addresses. The default asks the system's certificates and no proxy.
#[derive(Debug, Clone, Default)]
pub struct RelayTransport {
    /// Root certificates (DER) that are believed besides the system's.
    pub extra_roots: Vec<Vec<u8>>,
    /// HTTP proxies on the way.
    pub proxies: Proxies,
}

impl RelayTransport {
    /// With the proxies that the environment names.
    #[must_use]
    pub fn from_environment() -> Self {
        Self { proxies: Proxies::from_variables(|name| std::env::var(name).ok()), ..Self::default() }
    }
}

/// How to start a [`Mesh`](super::Mesh).
#[derive(Debug, Clone)]
pub struct MeshConfig {
    /// WireGuard and relay key, fresh per process.
    pub node_key: NodePrivate,
    /// Path discovery key, fresh per process.
    pub disco_key: DiscoPrivate,
    /// `Node.id` (spec `tailnet.md` 3).
    pub node_id: i64,
    /// Our mesh addresses; the first is the source of what we dial.
    pub addresses: Vec<Ipv6Addr>,
    /// Coordination rules.
    pub role: Role,
    /// Inbound traffic without a listener.
    pub unhandled: Unhandled,
    /// Local UDP port, 0 for any.
    pub udp_port: u16,
    /// Neither advertise nor use direct paths.
    pub block_endpoints: bool,
    /// Use the websocket form of the relay from the start.
    pub force_websockets: bool,
    /// Extra HTTP headers for relay connections.
    pub relay_headers: Vec<(String, String)>,
    /// How relays are reached.
    pub relay_transport: RelayTransport,
    /// The relays, already rewritten for our access URL (`DerpMap::for_access_url`).
    pub derp_map: DerpMap,
}
