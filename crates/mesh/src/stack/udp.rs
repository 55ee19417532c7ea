//! The UDP sockets of the stack: who owns which port, and what waits to be read. Datagrams beyond the caps are dropped,
//! as UDP allows.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddrV6;
use std::task::Poll;

use bytes::Bytes;

use super::{OpenError, UdpId};

/// Datagrams that wait in one socket: a burst of a third of a megabyte.
const MAX_UNREAD: usize = 256;
/// Datagrams that wait to be sent, of all sockets together.
pub const MAX_UNSENT: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub struct UdpTable {
    ports: HashMap<u16, UdpId>,
    sockets: HashMap<UdpId, Socket>,
}

#[derive(Debug)]
struct Socket {
    port: u16,
    unread: VecDeque<(Bytes, SocketAddrV6)>,
    wants_read: bool,
}

impl UdpTable {
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    pub fn is_bound(&self, port: u16) -> bool {
        self.ports.contains_key(&port)
    }

    pub fn port(&self, id: UdpId) -> Option<u16> {
        self.sockets.get(&id).map(|socket| socket.port)
    }

    pub fn bind(&mut self, id: UdpId, port: u16) -> Result<(), OpenError> {
        if self.is_bound(port) {
            return Err(OpenError::Taken);
        }
        self.ports.insert(port, id);
        self.sockets.insert(id, Socket { port, unread: VecDeque::new(), wants_read: false });
        Ok(())
    }

    pub fn close(&mut self, id: UdpId) {
        if let Some(socket) = self.sockets.remove(&id) {
            self.ports.remove(&socket.port);
        }
    }

    /// Queues a datagram; the socket, when somebody waits for it.
    pub fn deliver(&mut self, from: SocketAddrV6, port: u16, data: &[u8]) -> Option<UdpId> {
        let id = *self.ports.get(&port)?;
        let socket = self.sockets.get_mut(&id)?;
        if socket.unread.len() < MAX_UNREAD {
            socket.unread.push_back((Bytes::copy_from_slice(data), from));
        }
        std::mem::take(&mut socket.wants_read).then_some(id)
    }

    pub fn receive(&mut self, id: UdpId) -> Poll<Option<(Bytes, SocketAddrV6)>> {
        let Some(socket) = self.sockets.get_mut(&id) else { return Poll::Ready(None) };
        match socket.unread.pop_front() {
            Some(datagram) => Poll::Ready(Some(datagram)),
            None => {
                socket.wants_read = true;
                Poll::Pending
            }
        }
    }
}
