//! What the handle, and the tasks around the loop, say to the loop.

use std::net::{Ipv6Addr, SocketAddr};

use bytes::Bytes;
use proto::derp_map::DerpMap;
use proto::id::PeerId;
use proto::key::NodePublic;
use proto::stun::TxId;
use proto::tailnet::{CoordinateRequest, CoordinateResponse};
use tokio::sync::{mpsc, oneshot};

use super::status::MeshStatus;
use crate::engine::{NetcheckReport, PingKind, Pong, RelayEvent};

/// One command.
pub enum Command {
    SetDerpMap(DerpMap),
    SetAddresses(Vec<Ipv6Addr>),
    SetRelayOnly {
        block_endpoints: bool,
        force_websockets: bool,
    },
    Coordinate {
        requests: mpsc::Sender<CoordinateRequest>,
        responses: mpsc::Receiver<CoordinateResponse>,
    },
    AddTunnel(PeerId),
    RemoveTunnel(PeerId),
    Disconnect,
    Ping {
        address: Ipv6Addr,
        kind: PingKind,
        reply: oneshot::Sender<Option<Pong>>,
    },
    HasPeer {
        address: Ipv6Addr,
        reply: oneshot::Sender<bool>,
    },
    Status {
        reply: oneshot::Sender<MeshStatus>,
    },
    NetworkChanged,
    /// From netcheck: ask this server from our UDP socket.
    Stun {
        region: i32,
        server: SocketAddr,
        tx_id: TxId,
    },
    /// From netcheck: what it found. The last report of a run ends it.
    Netcheck {
        report: NetcheckReport,
        last: bool,
    },
    Shutdown {
        reply: oneshot::Sender<()>,
    },
}

/// What a relay task says to the loop.
pub struct FromRelay {
    /// Its region.
    pub region: i32,
    /// What happened.
    pub news: RelayNews,
}

/// See [`FromRelay`].
pub enum RelayNews {
    /// A packet of a peer.
    Packet {
        /// The peer.
        from: NodePublic,
        /// The packet.
        data: Bytes,
    },
    /// The connection changed.
    Event(RelayEvent),
    /// Why it cannot be connected, in words.
    Problem(String),
}
