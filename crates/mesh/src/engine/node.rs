//! Node records: reading a peer's, which is checked and capped, and writing our own (spec `tailnet.md` 3 and 4).
//! Not here: who gets a peer.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv6Addr, SocketAddr};
use std::time::SystemTime;

use proto::address;
use proto::id::PeerId;
use proto::key::{DiscoPublic, NodePublic};
use proto::tailnet::Node;
use proto::wkt::Timestamp;

use super::netcheck::RelayLatency;
use super::status::Role;

#[cfg(test)]
mod tests;

/// Most addresses of one peer; agents have two, clients one.
const MAX_ADDRESSES: usize = 8;
/// Most endpoints read from one record; each costs a ping.
const MAX_ENDPOINTS: usize = 32;

/// A peer's record, as far as it can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) key: NodePublic,
    pub(super) disco: DiscoPublic,
    pub(super) addresses: Vec<Ipv6Addr>,
    pub(super) home: i32,
    pub(super) endpoints: Vec<SocketAddr>,
}

/// Why a record is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NodeError {
    #[error("the peer's record has no valid WireGuard key")]
    Key,
    #[error("the peer's record has no valid disco key")]
    Disco,
    #[error("the peer has no home relay yet")]
    Homeless,
    #[error("the peer's record has no address that this peer may have")]
    Address,
}

/// Reads a record. `ours` are our own addresses; what else is taken is known only when the peer is programmed.
pub(super) fn read(id: PeerId, node: &Node, role: Role, ours: &[Ipv6Addr]) -> Result<Known, NodeError> {
    if node.preferred_derp == 0 {
        return Err(NodeError::Homeless);
    }
    let key = NodePublic::from_wire(&node.key).map_err(|_| NodeError::Key)?;
    let disco = node.disco.parse().map_err(|_| NodeError::Disco)?;
    let mut addresses = Vec::new();
    for prefix in node.allowed_ips.iter().take(MAX_ADDRESSES) {
        let Some(address) = prefix.strip_suffix("/128").and_then(|text| text.parse().ok()) else { continue };
        let is_allowed = match role {
            // Whom we tunnel to is an agent: its addresses follow from its id, whatever the coordinator says.
            Role::Client => address::of_agent(id.0).contains(&address),
            Role::Agent => address::is_mesh(address) && address != address::DNS_SERVER,
        };
        if is_allowed && !ours.contains(&address) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(NodeError::Address);
    }
    let endpoints = node.endpoints.iter().take(MAX_ENDPOINTS).filter_map(|text| text.parse().ok()).collect();
    Ok(Known { key, disco, addresses, home: node.preferred_derp, endpoints })
}

/// What our own record says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Own {
    pub(super) id: i64,
    pub(super) key: NodePublic,
    pub(super) disco: DiscoPublic,
    pub(super) addresses: Vec<Ipv6Addr>,
    pub(super) home: i32,
    pub(super) endpoints: Vec<SocketAddr>,
    pub(super) forced_websocket: BTreeMap<i32, String>,
}

impl Own {
    /// The record as it is sent. Latencies are news only together with something else: they change with every netcheck.
    pub(super) fn to_node(&self, latencies: &[RelayLatency], as_of: SystemTime) -> Node {
        let prefixes: Vec<String> = self.addresses.iter().map(|address| format!("{address}/128")).collect();
        let mut derp_latency = HashMap::new();
        for found in latencies {
            let families = [("v4", found.v4), ("v6", found.v6)];
            for (family, latency) in families.into_iter().filter_map(|(family, found)| Some((family, found?))) {
                derp_latency.insert(format!("{}-{family}", found.region), latency.as_secs_f64());
            }
        }
        Node {
            id: self.id,
            as_of: Some(Timestamp::from_system_time(as_of)),
            key: self.key.to_wire(),
            disco: self.disco.to_string(),
            preferred_derp: self.home,
            derp_latency,
            derp_forced_websocket: self.forced_websocket.iter().map(|(id, why)| (*id, why.clone())).collect(),
            addresses: prefixes.clone(),
            allowed_ips: prefixes,
            endpoints: self.endpoints.iter().map(SocketAddr::to_string).collect(),
        }
    }
}
