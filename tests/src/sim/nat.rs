//! Address translators of the virtual internet, by how they map and filter (RFC 4787). Not here: routing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Kinds of translators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatKind {
    /// None: the host has the public address itself.
    Public,
    /// One mapping per socket, open to everybody ("full cone").
    Cone,
    /// One mapping per socket, open to the hosts that were written to, from any of their ports.
    AddressRestricted,
    /// One mapping per socket, open to exactly the addresses that were written to.
    PortRestricted,
    /// One mapping per socket and destination, open to that destination.
    Symmetric,
}

impl NatKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Public, Self::Cone, Self::AddressRestricted, Self::PortRestricted, Self::Symmetric];

    /// Whether two hosts behind such translators can reach each other directly with the help of a relay, by how the
    /// translators map and filter: a symmetric one shows a port that nobody can know before it has written, so the other
    /// side must let in unknown ports.
    pub fn can_meet(self, other: Self) -> bool {
        let lets_unknown_ports_in = |kind| matches!(kind, Self::Public | Self::Cone | Self::AddressRestricted);
        match (self, other) {
            (Self::Symmetric, other) | (other, Self::Symmetric) => lets_unknown_ports_in(other),
            _ => true,
        }
    }
}

/// One translator with one public address.
#[derive(Debug)]
pub struct Nat {
    pub kind: NatKind,
    public: IpAddr,
    next_port: u16,
    /// Inner socket, and destination for symmetric ones, to outer port.
    mappings: BTreeMap<(SocketAddr, Option<SocketAddr>), u16>,
    /// Who may write to an outer port.
    allowed: BTreeSet<(u16, SocketAddr)>,
}

impl Nat {
    pub fn new(kind: NatKind, public: IpAddr) -> Self {
        Self { kind, public, next_port: 20_000, mappings: BTreeMap::new(), allowed: BTreeSet::new() }
    }

    pub fn public(&self) -> IpAddr {
        self.public
    }

    /// Forgets all mappings and takes new ports, as a restarted router does.
    pub fn restart(&mut self) {
        self.mappings.clear();
        self.allowed.clear();
        self.next_port += 1000;
    }

    /// Moves to another public address.
    pub fn move_to(&mut self, public: IpAddr) {
        self.public = public;
        self.restart();
    }

    /// A datagram goes out: from which address is it seen?
    pub fn outbound(&mut self, from: SocketAddr, to: SocketAddr) -> SocketAddr {
        if self.kind == NatKind::Public {
            return SocketAddr::new(self.public, from.port());
        }
        let key = (from, (self.kind == NatKind::Symmetric).then_some(to));
        let port = *self.mappings.entry(key).or_insert_with(|| {
            self.next_port += 1;
            self.next_port
        });
        self.allowed.insert((port, to));
        SocketAddr::new(self.public, port)
    }

    /// A datagram arrives at our public address: to which inner socket does it go?
    pub fn inbound(&self, from: SocketAddr, to: SocketAddr, socket: SocketAddr) -> Option<SocketAddr> {
        if to.ip() != self.public {
            return None;
        }
        if self.kind == NatKind::Public {
            return (to.port() == socket.port()).then_some(socket);
        }
        let (inner, _) = self.mappings.iter().find(|(_, port)| **port == to.port())?;
        let is_open = match self.kind {
            NatKind::Cone => true,
            NatKind::AddressRestricted => {
                self.allowed.iter().any(|(port, host)| *port == to.port() && host.ip() == from.ip())
            }
            _ => self.allowed.contains(&(to.port(), from)),
        };
        is_open.then_some(inner.0)
    }
}
