//! The handle that programs hold: each function asks the loop or the stack and waits for the answer.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use proto::derp_map::DerpMap;
use proto::id::PeerId;
use proto::tailnet::{CoordinateRequest, CoordinateResponse};
use tokio::sync::{mpsc, oneshot};

use super::command::Command;
use super::config::{MeshConfig, Unhandled};
use super::device::{self, Device, DeviceEnds, Outward};
use super::run_loop::RunLoop;
use super::status::MeshStatus;
use super::tcp::{TcpListener, TcpStream};
use super::udp::Bound;
use super::udp_socket::UdpSocket;
use super::under_lock::Shared;
use super::{MeshError, clock};
use crate::engine::{MAX_PEERS, PingKind, Pong};
use crate::stack::{MAX_FLOWS, OpenError, Stack, Stranger, StreamError};

/// How long a dialled connection may take to open.
const DIAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Pings of [`Mesh::await_reachable`]: first after this, then twice as long each time (spec `tailnet.md` 5.4).
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LAST_BACKOFF: Duration = Duration::from_secs(30);
/// Messages to the coordinator that may wait: a new stream says every wanted tunnel in one turn, and as much again may
/// come before the first one was sent.
const REQUEST_QUEUE: usize = 2 * MAX_PEERS;
/// Messages of the coordinator that may wait.
const RESPONSE_QUEUE: usize = 1024;
/// Connections of one listener that wait for `accept`.
const BACKLOG: usize = 128;
/// How long [`Mesh::shutdown`] waits for the loop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// One stream of coordination. Dropping it means that the control connection broke: peers are kept as lost.
pub struct Coordination {
    /// What to send to the coordinator, in order.
    pub requests: mpsc::Receiver<CoordinateRequest>,
    /// Where to put what the coordinator said.
    pub responses: mpsc::Sender<CoordinateResponse>,
}

/// A running mesh. Cheap to clone; the last clone that is dropped stops it.
#[derive(Clone)]
pub struct Mesh {
    shared: Arc<Shared>,
    /// The loop ends when the last sender is gone.
    commands: mpsc::UnboundedSender<Command>,
}

impl Mesh {
    /// Opens the sockets and starts the tasks.
    ///
    /// # Errors
    /// [`MeshError::Bind`].
    #[allow(clippy::unused_async)]
    pub async fn start(config: MeshConfig) -> Result<Self, MeshError> {
        Self::start_with(config, None)
    }

    /// Like [`Mesh::start`], but inner packets go to and come from a device of the system. Nothing can be dialled or
    /// listened on through the handle then: the system's own programs do that.
    ///
    /// # Errors
    /// [`MeshError::Bind`].
    #[allow(clippy::unused_async)]
    pub async fn start_on_device(config: MeshConfig, device: Box<dyn Device>) -> Result<(Self, Outward), MeshError> {
        let (outward, ends) = device::ends(device);
        Ok((Self::start_with(config, Some(ends))?, outward))
    }

    fn start_with(config: MeshConfig, device: Option<DeviceEnds>) -> Result<Self, MeshError> {
        let bound = Bound::bind(config.udp_port).map_err(MeshError::Bind)?;
        let random = u64::from_ne_bytes(clock::random().map_err(MeshError::Bind)?);
        let strangers = match config.unhandled {
            Unhandled::Refuse => Stranger::Refuse,
            Unhandled::Loopback => Stranger::Ask,
        };
        let stack = Stack::new(config.addresses.clone(), strangers, random, clock::now());
        let shared = Arc::new(Shared::new(stack));
        let (commands, inbox) = mpsc::unbounded_channel();
        // A thread of its own: on a shared worker the loop and the streams it serves would take turns instead of
        // working side by side, and a busy program would delay every packet.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(MeshError::Bind)?;
        let sockets = {
            let _inside = runtime.enter();
            bound.register().map_err(MeshError::Bind)?
        };
        let run_loop = RunLoop::new(config, sockets, shared.clone(), commands.downgrade(), inbox, device);
        let run_loop = run_loop.map_err(MeshError::Bind)?;
        let run = move || runtime.block_on(run_loop.run());
        std::thread::Builder::new().name("mesh".to_owned()).spawn(run).map_err(MeshError::Bind)?;
        Ok(Self { shared, commands })
    }

    /// The loop may have stopped; then there is nobody to tell.
    fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, MeshError> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply));
        answer.await.map_err(|_| MeshError::Stopped)
    }

    /// Replaces the relay map (already rewritten for our access URL).
    pub fn set_derp_map(&self, map: DerpMap) {
        self.tell(Command::SetDerpMap(map));
    }

    /// Replaces our mesh addresses; the first is the source of what we dial.
    pub fn set_addresses(&self, addresses: Vec<Ipv6Addr>) {
        self.tell(Command::SetAddresses(addresses));
    }

    /// Applies the manifest's switches.
    pub fn set_relay_only(&self, block_endpoints: bool, force_websockets: bool) {
        self.tell(Command::SetRelayOnly { block_endpoints, force_websockets });
    }

    /// Starts coordination on a fresh stream; ends the former one.
    #[must_use]
    pub fn coordinate(&self) -> Coordination {
        let (request_sender, requests) = mpsc::channel(REQUEST_QUEUE);
        let (responses, response_receiver) = mpsc::channel(RESPONSE_QUEUE);
        self.tell(Command::Coordinate { requests: request_sender, responses: response_receiver });
        Coordination { requests, responses }
    }

    /// Wants a tunnel to this peer (clients only). Repeated on each new coordination by itself.
    pub fn add_tunnel(&self, peer: PeerId) {
        self.tell(Command::AddTunnel(peer));
    }

    /// Wants no tunnel to this peer any more.
    pub fn remove_tunnel(&self, peer: PeerId) {
        self.tell(Command::RemoveTunnel(peer));
    }

    /// Says `disconnect` to the coordinator, which then closes the stream; first, streams may finish for half a second,
    /// because peers forget us as soon as they hear it.
    pub fn disconnect(&self) {
        self.tell(Command::Disconnect);
    }

    /// Pings inside the tunnel (TSMP) with backoff until the peer answers.
    ///
    /// # Errors
    /// [`MeshError::Unreachable`] after `limit`.
    pub async fn await_reachable(&self, address: Ipv6Addr, limit: Duration) -> Result<(), MeshError> {
        let answered = async {
            let mut outstanding = FuturesUnordered::new();
            let mut backoff = FIRST_BACKOFF;
            loop {
                outstanding.push(self.ask(|reply| Command::Ping { address, kind: PingKind::Tsmp, reply }));
                let pause = tokio::time::sleep(backoff);
                tokio::pin!(pause);
                loop {
                    tokio::select! {
                        () = &mut pause => break,
                        Some(pong) = outstanding.next() => if pong?.is_some() { return Ok(()) },
                    }
                }
                backoff = (backoff * 2).min(LAST_BACKOFF);
            }
        };
        tokio::time::timeout(limit, answered).await.unwrap_or(Err(MeshError::Unreachable(address, limit)))
    }

    /// Disco ping: which path answers first and how fast.
    ///
    /// # Errors
    /// [`MeshError::UnknownPeer`] or [`MeshError::Unreachable`] after `limit`.
    pub async fn ping(&self, address: Ipv6Addr, limit: Duration) -> Result<Pong, MeshError> {
        self.require_peer(address).await?;
        let pong = self.ask(|reply| Command::Ping { address, kind: PingKind::Disco, reply });
        let pong = tokio::time::timeout(limit, pong).await.unwrap_or(Ok(None))?;
        pong.ok_or(MeshError::Unreachable(address, limit))
    }

    async fn require_peer(&self, address: Ipv6Addr) -> Result<(), MeshError> {
        let known = self.ask(|reply| Command::HasPeer { address, reply }).await?;
        if known { Ok(()) } else { Err(MeshError::UnknownPeer(address)) }
    }

    /// Opens a TCP connection to a peer.
    ///
    /// # Errors
    /// Unknown, unreachable (15 s) or refusing peer, or too many sockets.
    pub async fn dial_tcp(&self, to: SocketAddrV6) -> Result<TcpStream, MeshError> {
        self.require_peer(*to.ip()).await?;
        let stream = {
            let mut net = self.shared.lock();
            let id = net.stack.dial(to, clock::now()).map_err(|_| MeshError::TooMany(MAX_FLOWS))?;
            self.shared.kick_if(&net);
            let (local, remote) = net.stack.ends(id).ok_or(MeshError::Stopped)?;
            TcpStream::new(self.shared.clone(), id, local, remote)
        };
        match tokio::time::timeout(DIAL_TIMEOUT, stream.opened()).await {
            Ok(Ok(())) => Ok(stream),
            Ok(Err(StreamError::Closed)) => Err(MeshError::Stopped),
            Ok(Err(StreamError::Reset)) => Err(MeshError::Refused(to)),
            Err(_) => Err(MeshError::Unreachable(*to.ip(), DIAL_TIMEOUT)),
        }
    }

    /// Listens on a port of all our mesh addresses.
    ///
    /// # Errors
    /// [`MeshError::PortTaken`].
    #[allow(clippy::unused_async)]
    pub async fn listen_tcp(&self, port: u16) -> Result<TcpListener, MeshError> {
        let (sender, accepted) = mpsc::channel(BACKLOG);
        let mut net = self.shared.lock();
        net.stack.listen(port).map_err(|_| MeshError::PortTaken(port))?;
        net.listeners.insert(port, sender);
        Ok(TcpListener { shared: self.shared.clone(), port, accepted })
    }

    /// Opens a UDP socket; port 0 draws one.
    ///
    /// # Errors
    /// [`MeshError::PortTaken`].
    #[allow(clippy::unused_async)]
    pub async fn bind_udp(&self, port: u16) -> Result<UdpSocket, MeshError> {
        let bound = self.shared.lock().stack.bind_udp(port);
        match bound {
            Ok((id, port)) => Ok(UdpSocket { shared: self.shared.clone(), id, port }),
            Err(OpenError::Taken) => Err(MeshError::PortTaken(port)),
            Err(OpenError::TooMany) => Err(MeshError::TooMany(crate::stack::MAX_UDP)),
        }
    }

    /// What is going on.
    pub async fn status(&self) -> MeshStatus {
        self.ask(|reply| Command::Status { reply }).await.unwrap_or_default()
    }

    /// The machine's network changed or it woke up: distrust paths, ask STUN again, test relay connections.
    pub fn network_changed(&self) {
        self.tell(Command::NetworkChanged);
    }

    /// Says goodbye and stops, within a second.
    pub async fn shutdown(&self) {
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, self.ask(|reply| Command::Shutdown { reply })).await;
        self.shared.stop();
    }
}
