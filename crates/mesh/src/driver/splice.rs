//! Inbound traffic without a listener, carried to the same port of the loopback: 127.0.0.1, then `[::1]` (spec
//! `derp-disco-stun.md` 8). TCP is accepted only after loopback was, so that a refusal stays a refusal.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpStream as HostStream, UdpSocket as HostSocket};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::clock;
use super::tcp::TcpStream;
use super::under_lock::Shared;
use crate::stack::AskId;

/// Loopback answers at once, unless its listener's queue is full.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Copy buffer of each direction of a TCP connection.
const COPY_BUFFER: usize = 64 << 10;
/// A UDP conversation is forgotten after this silence, as most NATs do.
const UDP_IDLE: Duration = Duration::from_secs(120);
/// UDP conversations at once.
const MAX_UDP: usize = 256;
/// Datagrams of one conversation that wait.
const UDP_QUEUE: usize = 64;
/// Largest datagram of the loopback that is read; longer than the mesh carries ones are dropped then.
const MAX_UDP_READ: usize = 2048;

const LOOPBACKS: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Answers a held SYN, and carries the connection when there is one.
pub fn tcp(tasks: &Handle, shared: Arc<Shared>, ask: AskId, local: SocketAddrV6, remote: SocketAddrV6) {
    tasks.spawn(async move {
        let host = connect(local.port()).await;
        let flow = {
            let mut net = shared.lock();
            let answer = net.stack.answer(ask, host.is_ok(), clock::now());
            shared.kick_if(&net);
            answer
        };
        let (Ok(mut host), Ok(Some(flow))) = (host, flow) else { return };
        let mut mesh = TcpStream::new(shared, flow, local, remote);
        // An error on one side drops both, which resets both: neither takes the stream for whole.
        let copied = tokio::io::copy_bidirectional_with_sizes(&mut mesh, &mut host, COPY_BUFFER, COPY_BUFFER).await;
        if copied.is_err() {
            let _ = host.set_zero_linger();
        }
    });
}

async fn connect(port: u16) -> io::Result<HostStream> {
    let mut last = io::Error::from(io::ErrorKind::ConnectionRefused);
    for address in LOOPBACKS {
        match timeout(CONNECT_TIMEOUT, HostStream::connect((address, port))).await {
            Ok(Ok(host)) => {
                let _ = host.set_nodelay(true);
                return Ok(host);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// The UDP conversations.
#[derive(Default)]
pub struct UdpSplice {
    conversations: HashMap<(SocketAddrV6, SocketAddrV6), mpsc::Sender<Bytes>>,
}

impl UdpSplice {
    /// Carries one datagram to the loopback; its answers come back through the stack.
    pub fn forward(
        &mut self,
        tasks: &Handle,
        shared: &Arc<Shared>,
        local: SocketAddrV6,
        remote: SocketAddrV6,
        data: Bytes,
    ) {
        let data = match self.conversations.get(&(local, remote)).map(|sender| sender.try_send(data.clone())) {
            Some(Ok(()) | Err(mpsc::error::TrySendError::Full(_))) => return,
            Some(Err(mpsc::error::TrySendError::Closed(data))) => data,
            None => data,
        };
        self.conversations.retain(|_, sender| !sender.is_closed());
        if self.conversations.len() >= MAX_UDP {
            return;
        }
        let (sender, inbox) = mpsc::channel(UDP_QUEUE);
        self.conversations.insert((local, remote), sender);
        tasks.spawn(converse(shared.clone(), local, remote, data, inbox));
    }
}

async fn converse(
    shared: Arc<Shared>,
    local: SocketAddrV6,
    remote: SocketAddrV6,
    first: Bytes,
    mut inbox: mpsc::Receiver<Bytes>,
) {
    for address in LOOPBACKS {
        let Ok(socket) = open(address, local.port()).await else { continue };
        if socket.send(&first).await.is_err() {
            continue;
        }
        let mut answered = false;
        let mut buffer = vec![0; MAX_UDP_READ];
        loop {
            tokio::select! {
                data = inbox.recv() => {
                    let Some(data) = data else { return };
                    let _ = socket.send(&data).await;
                }
                read = timeout(UDP_IDLE, socket.recv(&mut buffer)) => match read {
                    Ok(Ok(length)) => {
                        answered = true;
                        let mut net = shared.lock();
                        net.stack.send_datagram(local, remote, &buffer[..length]);
                        shared.kick_if(&net);
                    }
                    // Refused: nobody listens there; the other loopback may.
                    Ok(Err(_)) if !answered => break,
                    Ok(Err(_)) => {}
                    Err(_) => return,
                },
            }
        }
    }
}

async fn open(address: IpAddr, port: u16) -> io::Result<HostSocket> {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = HostSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(SocketAddr::new(address, port)).await?;
    Ok(socket)
}
