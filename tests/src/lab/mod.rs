//! The laboratory: a small internet of network namespaces on this machine. Root only; everything it makes belongs to a
//! guard that removes it on drop and on panic, and no packet leaves its namespaces.
//!
//! ```text
//!   alice ── nat_a ──┐
//!  10.81.1.2         ├── internet (bridge, server at 203.0.113.1)
//!   bob ──── nat_b ──┘
//!  10.81.2.2
//! ```

mod namespace;
mod nat;
mod puppet;
pub mod resolved;
mod snapshot;

pub use namespace::Namespace;
pub use nat::NatKind;
pub use puppet::Puppet;
pub use resolved::Resolved;
pub use snapshot::{Snapshot, until};

use std::net::Ipv4Addr;

/// The server's address on the laboratory's internet (TEST-NET-3).
pub const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);

/// Whether this process may build a laboratory; says loudly when not.
pub fn available(test: &str) -> bool {
    if nix::unistd::geteuid().is_root() {
        return true;
    }
    eprintln!("SKIPPED {test}: the laboratory needs root for network namespaces");
    false
}

/// Two hosts, each behind a NAT of its own, and an internet with a server between them.
pub struct Lab {
    /// Where the server lives.
    pub internet: Namespace,
    /// The client's home network.
    pub alice: Namespace,
    /// The client's router.
    pub nat_a: Namespace,
    /// The workspace's home network.
    pub bob: Namespace,
    /// The workspace's router.
    pub nat_b: Namespace,
}

impl Lab {
    /// Builds the internet and both homes.
    pub fn new(a: NatKind, b: NatKind) -> Self {
        let internet = Namespace::new("net");
        internet.ip(&["link", "add", "br0", "type", "bridge"]);
        internet.ip(&["addr", "add", &format!("{SERVER}/24"), "dev", "br0"]);
        internet.ip(&["link", "set", "br0", "up"]);
        let (alice, nat_a) = home(&internet, "a", 1, a);
        let (bob, nat_b) = home(&internet, "b", 2, b);
        Self { internet, alice, nat_a, bob, nat_b }
    }
}

/// A host and its router, joined to the internet.
fn home(internet: &Namespace, name: &str, number: u8, kind: NatKind) -> (Namespace, Namespace) {
    let router = Namespace::new(&format!("nat{name}"));
    let host = Namespace::new(name);
    router.cable("wan", internet, &format!("to{name}"));
    internet.ip(&["link", "set", &format!("to{name}"), "master", "br0", "up"]);
    router.ip(&["addr", "add", &format!("203.0.113.1{number}/24"), "dev", "wan"]);
    router.ip(&["link", "set", "wan", "up"]);
    host.cable("eth0", &router, "lan");
    router.ip(&["addr", "add", &format!("10.81.{number}.1/24"), "dev", "lan"]);
    router.ip(&["link", "set", "lan", "up"]);
    host.ip(&["addr", "add", &format!("10.81.{number}.2/24"), "dev", "eth0"]);
    host.ip(&["link", "set", "eth0", "up"]);
    host.ip(&["route", "add", "default", "via", &format!("10.81.{number}.1")]);
    nat::install(&router, kind);
    (host, router)
}
