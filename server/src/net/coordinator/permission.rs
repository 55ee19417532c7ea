//! Who may say what to the coordinator (spec `tailnet.md` 1 and 5.1). A refusal ends the peer's stream.
//!
//! Not here: whether a user may reach an agent. The shell asks the access rules and passes the answer.

use proto::id::{AgentId, PeerId};
use proto::tailnet::Node;

use super::request::{Request, is_derived, prefix};

/// What kind of peer a connection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A workspace daemon. Its peer id is its agent id.
    Agent,
    /// A client of one agent: the command line, VS Code.
    OneAgent(AgentId),
    /// A client of every agent that its user may reach: the desktop tunnel.
    Reachable,
}

/// What a peer may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Agents are destinations only.
    #[error("agents may not open tunnels")]
    AgentTunnel,
    /// The tunnel goes to somebody this connection may not reach.
    #[error("not authorized to open a tunnel to {0}")]
    Tunnel(PeerId),
    /// Only agents say so.
    #[error("clients may not send ready_for_handshake")]
    ClientReady,
    /// An address that is not a single host.
    #[error("node {0} must be single addresses (/128)")]
    NotSingle(&'static str),
    /// An agent claims an address that does not follow from its id.
    #[error("node {0} must be the addresses of this agent")]
    ForeignAddress(&'static str),
}

/// Checks a whole request. `may_reach` is the access rules' answer for the tunnel it wants, and matters for
/// [`Access::Reachable`] only.
///
/// # Errors
/// [`Refusal`] names the first thing that is not allowed.
pub fn check(peer: PeerId, access: Access, request: &Request, may_reach: bool) -> Result<(), Refusal> {
    if let Some(node) = &request.node {
        check_node(peer, access, node)?;
    }
    if let Some(destination) = request.add
        && !may_open(access, destination, may_reach)
    {
        return Err(if access == Access::Agent { Refusal::AgentTunnel } else { Refusal::Tunnel(destination) });
    }
    if access != Access::Agent && !request.ready.is_empty() {
        return Err(Refusal::ClientReady);
    }
    Ok(())
}

/// Whether this kind of peer may have a tunnel to `destination`.
#[must_use]
pub fn may_open(access: Access, destination: PeerId, may_reach: bool) -> bool {
    match access {
        Access::Agent => false,
        Access::OneAgent(agent) => PeerId::from(agent) == destination,
        Access::Reachable => may_reach,
    }
}

fn check_node(peer: PeerId, access: Access, node: &Node) -> Result<(), Refusal> {
    for (name, list) in [("addresses", &node.addresses), ("allowed_ips", &node.allowed_ips)] {
        if list.iter().any(|text| !matches!(prefix(text), Some((std::net::IpAddr::V6(_), 128)))) {
            return Err(Refusal::NotSingle(name));
        }
        if access == Access::Agent && list.iter().any(|text| !is_derived(text, peer)) {
            return Err(Refusal::ForeignAddress(name));
        }
    }
    Ok(())
}
