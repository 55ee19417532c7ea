//! The thin shell around the engine: the handle that programs hold, and the tasks behind it.
//!
//! FIXED INTERFACE (programs are written against it): signatures may gain functions, not change meaning.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use proto::derp_map::DerpMap;
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate};
use proto::tailnet::{CoordinateRequest, CoordinateResponse};
use tokio::sync::mpsc;

pub use crate::engine::{Path, PeerStatus, Pong, Role};

/// What happens to inbound TCP and UDP on a port nobody listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unhandled {
    /// Refuse it (clients).
    Refuse,
    /// Splice to the same port of 127.0.0.1, then `[::1]`; refused when both refuse (workspace daemons).
    Loopback,
}

/// How to start a [`Mesh`].
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
    /// The relays, already rewritten for our access URL (`DerpMap::for_access_url`).
    pub derp_map: DerpMap,
}

/// One stream of coordination. Dropping it means that the control connection broke: peers are kept as lost.
pub struct Coordination {
    /// What to send to the coordinator, in order.
    pub requests: mpsc::Receiver<CoordinateRequest>,
    /// Where to put what the coordinator said.
    pub responses: mpsc::Sender<CoordinateResponse>,
}

/// A snapshot of the whole mesh, for `ping`, `netcheck`, debug pages and status streams.
#[derive(Debug, Clone, Default)]
pub struct MeshStatus {
    /// All peers.
    pub peers: Vec<PeerStatus>,
    /// Home relay region, 0 when none is chosen yet.
    pub home_relay: i32,
    /// Latency of each region that was measured.
    pub relay_latency: Vec<(i32, Duration)>,
    /// Our own advertised endpoints.
    pub endpoints: Vec<SocketAddr>,
    /// Whether a STUN answer came (UDP works).
    pub udp_works: bool,
    /// Public IPv4 endpoint seen by STUN.
    pub public_v4: Option<SocketAddr>,
    /// Public IPv6 endpoint seen by STUN.
    pub public_v6: Option<SocketAddr>,
    /// Whether two STUN servers saw different mappings.
    pub mapping_varies: Option<bool>,
    /// Totals of virtual TCP and UDP flows: received packets, received bytes, sent packets, sent bytes.
    pub flows: FlowTotals,
}

/// Counters of the traffic through the tunnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowTotals {
    /// Packets received.
    pub received_packets: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Open TCP connections.
    pub tcp_connections: u64,
}

/// Why the mesh could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum MeshError {
    /// The UDP sockets could not be opened.
    #[error("cannot open the UDP sockets of the mesh")]
    Bind(#[source] std::io::Error),
    /// No peer has this address.
    #[error("no workspace daemon is known under {0}")]
    UnknownPeer(Ipv6Addr),
    /// The peer did not answer in time.
    #[error("{0} did not answer within {1:?}")]
    Unreachable(Ipv6Addr, Duration),
    /// The peer refused the connection.
    #[error("{0} refused the connection")]
    Refused(SocketAddrV6),
    /// The port already has a listener, or a limit is reached.
    #[error("port {0} of the mesh is taken")]
    PortTaken(u16),
    /// Too many sockets.
    #[error("the mesh has too many open connections ({0})")]
    TooMany(usize),
    /// The mesh was shut down.
    #[error("the mesh is stopped")]
    Stopped,
}

/// A running mesh. Cheap to clone; the last clone that is dropped stops it.
#[derive(Clone)]
pub struct Mesh {}

impl Mesh {
    /// Opens the sockets and starts the tasks.
    ///
    /// # Errors
    /// [`MeshError::Bind`].
    pub async fn start(_config: MeshConfig) -> Result<Self, MeshError> {
        unimplemented!()
    }
    /// Replaces the relay map (already rewritten for our access URL).
    pub fn set_derp_map(&self, _map: DerpMap) {
        unimplemented!()
    }
    /// Applies the manifest's switches.
    pub fn set_relay_only(&self, _block_endpoints: bool, _force_websockets: bool) {
        unimplemented!()
    }
    /// Starts coordination on a fresh stream; ends the former one.
    pub fn coordinate(&self) -> Coordination {
        unimplemented!()
    }
    /// Wants a tunnel to this peer (clients only). Repeated on each new coordination by itself.
    pub fn add_tunnel(&self, _peer: PeerId) {
        unimplemented!()
    }
    /// Wants no tunnel to this peer any more.
    pub fn remove_tunnel(&self, _peer: PeerId) {
        unimplemented!()
    }
    /// Says `disconnect` to the coordinator; it then closes the stream.
    pub fn disconnect(&self) {
        unimplemented!()
    }
    /// Pings inside the tunnel (TSMP) with backoff until the peer answers.
    ///
    /// # Errors
    /// [`MeshError::Unreachable`] after `limit`.
    pub async fn await_reachable(&self, _address: Ipv6Addr, _limit: Duration) -> Result<(), MeshError> {
        unimplemented!()
    }
    /// Disco ping: which path answers first and how fast.
    ///
    /// # Errors
    /// [`MeshError::UnknownPeer`] or [`MeshError::Unreachable`] after `limit`.
    pub async fn ping(&self, _address: Ipv6Addr, _limit: Duration) -> Result<Pong, MeshError> {
        unimplemented!()
    }
    /// Opens a TCP connection to a peer.
    ///
    /// # Errors
    /// Unknown, unreachable (15 s) or refusing peer, or too many sockets.
    pub async fn dial_tcp(&self, _to: SocketAddrV6) -> Result<TcpStream, MeshError> {
        unimplemented!()
    }
    /// Listens on a port of all our mesh addresses.
    ///
    /// # Errors
    /// [`MeshError::PortTaken`].
    pub async fn listen_tcp(&self, _port: u16) -> Result<TcpListener, MeshError> {
        unimplemented!()
    }
    /// Opens a UDP socket; port 0 draws one.
    ///
    /// # Errors
    /// [`MeshError::PortTaken`].
    pub async fn bind_udp(&self, _port: u16) -> Result<UdpSocket, MeshError> {
        unimplemented!()
    }
    /// What is going on.
    pub async fn status(&self) -> MeshStatus {
        unimplemented!()
    }
    /// The machine's network changed or it woke up: distrust paths, rebind, ask STUN again.
    pub fn network_changed(&self) {
        unimplemented!()
    }
    /// Says goodbye and stops, within a second.
    pub async fn shutdown(&self) {
        unimplemented!()
    }
}

/// A TCP connection through the mesh; closing is half-close, dropping resets. Implements AsyncRead + AsyncWrite.
pub struct TcpStream {}

impl TcpStream {
    /// The other end.
    pub fn peer_addr(&self) -> SocketAddrV6 {
        unimplemented!()
    }
    /// Our end.
    pub fn local_addr(&self) -> SocketAddrV6 {
        unimplemented!()
    }
}

impl tokio::io::AsyncRead for TcpStream {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
        _buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        unimplemented!()
    }
}

impl tokio::io::AsyncWrite for TcpStream {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
        _buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        unimplemented!()
    }
    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        unimplemented!()
    }
    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        unimplemented!()
    }
}

/// Accepts TCP connections on one port.
pub struct TcpListener {}

impl TcpListener {
    /// The next connection; `None` when the mesh stopped.
    pub async fn accept(&mut self) -> Option<TcpStream> {
        unimplemented!()
    }
}

/// A UDP socket in the mesh.
pub struct UdpSocket {}

impl UdpSocket {
    /// Sends one datagram (at most 1232 bytes; longer ones are refused).
    ///
    /// # Errors
    /// When the datagram is too long or the mesh is stopped.
    pub async fn send_to(&self, _data: &[u8], _to: SocketAddrV6) -> Result<(), MeshError> {
        unimplemented!()
    }
    /// The next datagram.
    ///
    /// # Errors
    /// When the mesh is stopped.
    pub async fn recv_from(&self) -> Result<(bytes::Bytes, SocketAddrV6), MeshError> {
        unimplemented!()
    }
    /// Our end's port.
    pub fn port(&self) -> u16 {
        unimplemented!()
    }
}
