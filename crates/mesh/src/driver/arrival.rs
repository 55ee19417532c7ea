//! What arrives from peers without being asked for: connections and stray datagrams, handled after the stack's lock is
//! released.

use std::net::SocketAddrV6;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::tcp::TcpStream;
use crate::stack::{AskId, FlowId};

/// Something that arrived and needs a task or a listener; handled after the lock is released.
pub enum Arrival {
    Accepted { listener: Option<mpsc::Sender<TcpStream>>, flow: FlowId, local: SocketAddrV6, remote: SocketAddrV6 },
    Asked { ask: AskId, local: SocketAddrV6, remote: SocketAddrV6 },
    Stray { local: SocketAddrV6, remote: SocketAddrV6, data: Bytes },
}
