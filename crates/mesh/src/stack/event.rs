//! What the stack and its driver name things by, and what they tell each other: ids, events, errors.

use std::net::SocketAddrV6;

use bytes::Bytes;

/// Names a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub(super) u64);

/// Names a UDP socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UdpId(pub(super) u64);

/// Names a held SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub(super) u64);

/// What happens to inbound traffic on a port nobody listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// Refuse it.
    Refuse,
    /// Ask the driver.
    Ask,
}

/// News for the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A connection to a listener is open; the driver now owns the flow.
    Accepted {
        /// The listener's port.
        port: u16,
        /// The connection.
        flow: FlowId,
    },
    /// Somebody wants a connection to a port without listener; [`Stack::answer`] is awaited.
    Asked {
        /// The question.
        ask: AskId,
        /// The address and port that were dialled.
        local: SocketAddrV6,
        /// Who dialled.
        remote: SocketAddrV6,
    },
    /// A read that was pending has something to return.
    Readable(FlowId),
    /// A write or an opening that was pending has something to return.
    Writable(FlowId),
    /// A datagram arrived at a socket that a read was pending on.
    UdpReadable(UdpId),
    /// A datagram arrived at a port that nobody has bound.
    Stray {
        /// Where to.
        local: SocketAddrV6,
        /// From where.
        remote: SocketAddrV6,
        /// The datagram.
        data: Bytes,
    },
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The peer refused or reset it, or stopped answering.
    #[error("the connection was reset")]
    Reset,
    /// We have closed our writing end, or the flow is not known any more.
    #[error("the connection is closed")]
    Closed,
}

/// Why the stack could not open something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The port has an owner already.
    #[error("the port is taken")]
    Taken,
    /// One of the caps is reached.
    #[error("too many are open")]
    TooMany,
}
