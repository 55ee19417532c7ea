//! Why the mesh could not do what it was asked.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

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
    /// A datagram is longer than one packet of the mesh carries.
    #[error("a datagram of {0} bytes does not fit the mesh, at most {max} do", max = crate::stack::MAX_DATAGRAM)]
    TooLong(usize),
    /// The mesh was shut down.
    #[error("the mesh is stopped")]
    Stopped,
}
