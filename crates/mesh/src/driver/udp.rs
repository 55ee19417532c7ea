//! The real UDP sockets: one per family on the same port where possible, batched in both directions (GSO, GRO,
//! `recvmmsg`), with don't-fragment set and large kernel buffers.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::engine::Datagrams;

/// Kernel buffers: a window of 1 MiB of one stream must fit beside others. The kernel may give less without privilege.
const KERNEL_BUFFER: usize = 4 << 20;
/// Receive buffers of one call. Each holds one GRO batch; pages that no datagram reaches stay untouched.
const BUFFERS: usize = 8;
const BUFFER: usize = 64 << 10;
/// Batches that wait because the kernel's send buffer is full; beyond them datagrams are dropped, as on any link.
const MAX_WAITING: usize = 64;

/// Both sockets, bound, and not yet known to the runtime that will wait for them.
pub struct Bound {
    v4: Option<(Socket, UdpSocketState)>,
    v6: Option<(Socket, UdpSocketState)>,
}

/// Both sockets.
pub struct Sockets {
    v4: Option<Family>,
    v6: Option<Family>,
    buffers: Box<[u8]>,
    waiting: VecDeque<Datagrams>,
}

struct Family {
    io: UdpSocket,
    state: UdpSocketState,
}

impl Bound {
    /// Binds both families; one is enough. With port 0 the second tries the first one's port.
    pub fn bind(port: u16) -> io::Result<Self> {
        let v4 = bind_one(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
        let address = v4.as_ref().ok().and_then(|(socket, _)| socket.local_addr().ok()?.as_socket());
        let same = address.map_or(port, |address| address.port());
        let v6 = bind_one(SocketAddr::from((Ipv6Addr::UNSPECIFIED, same)))
            .or_else(|_| bind_one(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))));
        let (v4, v6) = match (v4, v6) {
            (Err(error), Err(_)) => return Err(error),
            (v4, v6) => (v4.ok(), v6.ok()),
        };
        Ok(Self { v4, v6 })
    }

    /// Makes them known to the current runtime.
    pub fn register(self) -> io::Result<Sockets> {
        let register = |(socket, state): (Socket, UdpSocketState)| {
            Ok::<_, io::Error>(Family { io: UdpSocket::from_std(socket.into())?, state })
        };
        Ok(Sockets {
            v4: self.v4.map(register).transpose()?,
            v6: self.v6.map(register).transpose()?,
            buffers: vec![0; BUFFERS * BUFFER].into_boxed_slice(),
            waiting: VecDeque::new(),
        })
    }
}

impl Sockets {
    /// The ports, for the addresses we advertise.
    pub fn ports(&self) -> (Option<u16>, Option<u16>) {
        let port = |family: &Option<Family>| Some(family.as_ref()?.io.local_addr().ok()?.port());
        (port(&self.v4), port(&self.v6))
    }

    /// Waits for something to read, or for room when something waits to be sent.
    pub async fn ready(&self) -> io::Result<()> {
        let interest =
            if self.waiting.is_empty() { Interest::READABLE } else { Interest::READABLE | Interest::WRITABLE };
        let one = async |family: &Option<Family>| match family {
            Some(family) => family.io.ready(interest).await.map(|_| ()),
            None => std::future::pending().await,
        };
        tokio::select! {
            result = one(&self.v4) => result,
            result = one(&self.v6) => result,
        }
    }

    /// Whether the kernel's buffers are full: nobody should make new datagrams.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING / 2
    }

    /// Reads one batch of each family. True when something was read.
    pub fn receive(&mut self, mut each: impl FnMut(SocketAddr, &mut [u8])) -> bool {
        let mut any = false;
        for family in [&self.v4, &self.v6].into_iter().flatten() {
            let mut meta = [RecvMeta::default(); BUFFERS];
            let mut slices = self.buffers.chunks_mut(BUFFER).map(IoSliceMut::new);
            let mut slices: [IoSliceMut<'_>; BUFFERS] =
                std::array::from_fn(|_| slices.next().unwrap_or_else(|| IoSliceMut::new(&mut [])));
            let read = family
                .io
                .try_io(Interest::READABLE, || family.state.recv(UdpSockRef::from(&family.io), &mut slices, &mut meta));
            // Errors here are those of earlier sends (ICMP) or "nothing there"; neither stops a UDP socket.
            let Ok(count) = read else { continue };
            any |= count > 0;
            for (meta, buffer) in meta[..count].iter().zip(self.buffers.chunks_mut(BUFFER)) {
                let from = canonical(meta.addr);
                for datagram in buffer[..meta.len].chunks_mut(meta.stride.max(1)) {
                    each(from, datagram);
                }
            }
        }
        any
    }

    /// Sends, or keeps what does not fit the kernel now. The buffer comes back when it was sent at once.
    pub fn send(&mut self, datagrams: Datagrams) -> Option<Datagrams> {
        if self.waiting.is_empty() {
            return match self.try_send(&datagrams) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.waiting.push_back(datagrams);
                    None
                }
                _ => Some(datagrams),
            };
        }
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(datagrams);
            return None;
        }
        Some(datagrams)
    }

    /// Sends what waited, as far as it fits now.
    pub fn flush(&mut self) {
        while let Some(datagrams) = self.waiting.front() {
            match self.try_send(datagrams) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => self.waiting.pop_front(),
            };
        }
    }

    /// Sends one datagram, dropping it when the kernel has no room.
    pub fn send_one(&self, to: SocketAddr, data: &[u8]) {
        let Some(family) = self.family(to) else { return };
        let _ = family.send(to, data, data.len());
    }

    fn try_send(&self, datagrams: &Datagrams) -> io::Result<()> {
        let Some(family) = self.family(datagrams.to) else { return Ok(()) };
        let most = family.state.max_gso_segments().max(1);
        let segment = datagrams.segment.max(1);
        // A resend after WouldBlock in the middle repeats datagrams, which WireGuard and disco both recognise.
        for batch in datagrams.data.chunks(segment * most) {
            family.send(datagrams.to, batch, segment)?;
        }
        Ok(())
    }

    fn family(&self, to: SocketAddr) -> Option<&Family> {
        if to.is_ipv4() { self.v4.as_ref() } else { self.v6.as_ref() }
    }
}

fn bind_one(address: SocketAddr) -> io::Result<(Socket, UdpSocketState)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    enlarge(&socket);
    socket.bind(&address.into())?;
    let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
    Ok((socket, state))
}

impl Family {
    fn send(&self, to: SocketAddr, data: &[u8], segment: usize) -> io::Result<()> {
        let segment_size = (segment < data.len()).then_some(segment);
        let transmit = Transmit { destination: to, ecn: None, contents: data, segment_size, src_ip: None };
        self.io.try_io(Interest::WRITABLE, || self.state.try_send(UdpSockRef::from(&self.io), &transmit))
    }
}

/// Asks for large kernel buffers, beyond the system's limit where we are privileged to. Smaller ones only cost speed.
fn enlarge(socket: &Socket) {
    let _ = socket.set_recv_buffer_size(KERNEL_BUFFER);
    let _ = socket.set_send_buffer_size(KERNEL_BUFFER);
    #[cfg(target_os = "linux")]
    {
        use nix::sys::socket::{setsockopt, sockopt};
        let _ = setsockopt(socket, sockopt::RcvBufForce, &KERNEL_BUFFER);
        let _ = setsockopt(socket, sockopt::SndBufForce, &KERNEL_BUFFER);
    }
}

/// IPv4 addresses as such, never mapped into IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
