//! A coordination request, read and checked for form: ids are ids, records are records (spec `tailnet.md` 3 and 5.1).
//!
//! Not here: who may ask for what ([`super::permission`]) and what it changes ([`super::state`]).

use prost::Message as _;
use proto::address;
use proto::id::PeerId;
use proto::key::{DiscoPublic, NodePublic};
use proto::tailnet::{CoordinateRequest, Node};
use std::net::IpAddr;

/// Longest record accepted, encoded. A real one has a few hundred bytes; it is copied to every tunnel peer, so a large
/// one would be an amplifier.
pub const MAX_NODE: usize = 16 * 1024;
/// Most ids in one `ready_for_handshake`: an agent answers one response, which has at most this many peers.
pub const MAX_READY: usize = proto::tailnet::MAX_PEER_UPDATES;

/// A request in checked form. Any combination may be present; they are applied in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// A new own record.
    pub node: Option<Node>,
    /// Goodbye.
    pub disconnect: bool,
    /// Open a tunnel to this peer.
    pub add: Option<PeerId>,
    /// Close the tunnel to this peer.
    pub remove: Option<PeerId>,
    /// These peers may start their handshake.
    pub ready: Vec<PeerId>,
}

/// Why a request has no meaning. It ends the stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// An id of another length than 16 bytes.
    #[error("{what}: {source}")]
    Id {
        /// Which field.
        what: &'static str,
        /// The length that came.
        source: proto::id::IdLength,
    },
    /// `update_self` without a record.
    #[error("update_self carries no node")]
    NoNode,
    /// A record that is too long.
    #[error("the node is {0} bytes long, at most {MAX_NODE} are accepted")]
    LongNode(usize),
    /// A WireGuard or disco key that is none.
    #[error("the node's {what} is not a key: {source}")]
    Key {
        /// Which key.
        what: &'static str,
        /// Why.
        source: proto::key::KeyError,
    },
    /// Something that is not an address with a prefix length.
    #[error("invalid address prefix in {0}")]
    Prefix(&'static str),
    /// Too many ids at once.
    #[error("{0} ids are ready for a handshake, at most {MAX_READY} are accepted at once")]
    ManyReady(usize),
}

impl Request {
    /// Checks the form of a wire message.
    ///
    /// # Errors
    /// [`Malformed`] names the first field that is wrong.
    pub fn from_wire(message: CoordinateRequest) -> Result<Self, Malformed> {
        let id = |what, bytes: &[u8]| PeerId::from_wire(bytes).map_err(|source| Malformed::Id { what, source });
        let node = match message.update_self {
            Some(update) => Some(check_node(update.node.ok_or(Malformed::NoNode)?)?),
            None => None,
        };
        if message.ready_for_handshake.len() > MAX_READY {
            return Err(Malformed::ManyReady(message.ready_for_handshake.len()));
        }
        Ok(Self {
            node,
            disconnect: message.disconnect.is_some(),
            add: message.add_tunnel.map(|tunnel| id("add_tunnel", &tunnel.id)).transpose()?,
            remove: message.remove_tunnel.map(|tunnel| id("remove_tunnel", &tunnel.id)).transpose()?,
            ready: message
                .ready_for_handshake
                .iter()
                .map(|ready| id("ready_for_handshake", &ready.id))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn check_node(node: Node) -> Result<Node, Malformed> {
    let length = node.encoded_len();
    if length > MAX_NODE {
        return Err(Malformed::LongNode(length));
    }
    NodePublic::from_wire(&node.key).map_err(|source| Malformed::Key { what: "key", source })?;
    node.disco.parse::<DiscoPublic>().map_err(|source| Malformed::Key { what: "disco", source })?;
    for (name, list) in [("addresses", &node.addresses), ("allowed_ips", &node.allowed_ips)] {
        if list.iter().any(|text| prefix(text).is_none()) {
            return Err(Malformed::Prefix(name));
        }
    }
    Ok(node)
}

/// Reads `address/length`.
pub(super) fn prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length = length.parse().ok()?;
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, length))
}

/// Whether the text is one of the two addresses that belong to an agent's id.
pub(super) fn is_derived(text: &str, agent: PeerId) -> bool {
    let derived = address::of_agent(agent.0);
    matches!(prefix(text), Some((IpAddr::V6(ip), 128)) if derived.contains(&ip))
}
