//! The laboratory: a small internet of network namespaces on this machine. Root only; everything it makes belongs to a
//! guard that removes it on drop and on panic, and no packet leaves its namespaces.
//!
//! ```text
//!   alice ── nat_a ──┐
//!  10.81.1.2         ├── internet (bridge, server at 203.0.113.1)
//!   bob ──── nat_b ──┘
//!  10.81.2.2
//! ```

mod capture;
mod desktop;
pub mod emulator;
pub mod manager;
mod namespace;
mod nat;
mod private;
mod puppet;
pub mod resolved;
mod seats;
mod service;
mod slow;
mod snapshot;
mod systemd;
mod upstream;
mod watcher;
pub mod website;
mod wire;

pub use capture::Capture;
pub use desktop::{RemoteDesktop, Screen};
pub use manager::Manager;
pub use namespace::{Namespace, inside};
pub use nat::NatKind;
pub use private::Private;
pub use puppet::Puppet;
pub use resolved::Resolved;
pub use seats::Seats;
pub use service::{SPEAK, Service, hear};
pub use slow::SlowUpstream;
pub use snapshot::{Snapshot, until};
pub use systemd::Systemd;
pub use upstream::Upstream;
pub use watcher::watch_until;
pub use website::Website;
pub use wire::Wire;

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

/// The server's IPv6 address there (documentation prefix).
pub const SERVER_V6: &str = "2001:db8::1";
/// The server's name in a wired laboratory, for the hosts files of its programs.
pub const SERVER_NAME: &str = "lab.test";

/// Which addresses a home gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// Only IPv4, translated.
    V4,
    /// Only IPv6, with a firewall.
    V6,
    /// Both.
    Dual,
}

/// Two hosts, each behind a NAT of its own, and an internet with a server between them.
pub struct Lab {
    /// The cables of the hosts, where they can be bad; else the kernel joins hosts and routers. These go first.
    pub wires: Option<(Wire, Wire)>,
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
        let internet = internet();
        let (alice, nat_a) = (Namespace::new("a"), router(&internet, "nata", 1, a));
        let (bob, nat_b) = (Namespace::new("b"), router(&internet, "natb", 2, b));
        for (host, router, number) in [(&alice, &nat_a, 1), (&bob, &nat_b, 2)] {
            host.cable("eth0", router, "lan");
            open_lan(router, number);
            settle(host, number, Families::V4);
        }
        Self { wires: None, internet, alice, nat_a, bob, nat_b }
    }

    /// The same with cables that can be bad, homes of these families, and a server that has a name.
    pub fn wired(a: NatKind, b: NatKind, families: Families) -> Self {
        let internet = internet();
        let (alice, nat_a) = (Namespace::new("a"), router(&internet, "nata", 1, a));
        let (bob, nat_b) = (Namespace::new("b"), router(&internet, "natb", 2, b));
        let wire = |host: &Namespace, router: &Namespace, number: u8| {
            nat::trust_link_addresses(host);
            let wire = Wire::new((host, "eth0"), (router, "lan"), u64::from(number));
            open_lan(router, number);
            settle(host, number, families);
            wire
        };
        let wires = Some((wire(&alice, &nat_a, 1), wire(&bob, &nat_b, 2)));
        Self { wires, internet, alice, nat_a, bob, nat_b }
    }

    /// The client's cable.
    pub fn wire_a(&self) -> &Wire {
        &self.wires.as_ref().expect("a wired laboratory").0
    }

    /// The workspace's cable.
    pub fn wire_b(&self) -> &Wire {
        &self.wires.as_ref().expect("a wired laboratory").1
    }

    /// One more router on the internet; nothing is plugged into it yet.
    pub fn another_router(&self, number: u8, kind: NatKind) -> Namespace {
        router(&self.internet, &format!("nat{number}"), number, kind)
    }
}

fn internet() -> Namespace {
    let internet = Namespace::new("net");
    // An address of its own: else it has that of one of its ports, and another when one more router is joined, and for up to
    // a minute everybody sends to the former one.
    internet.ip(&["link", "add", "br0", "address", "02:00:00:00:00:01", "type", "bridge"]);
    internet.ip(&["addr", "add", &format!("{SERVER}/24"), "dev", "br0"]);
    internet.ip(&["addr", "add", &format!("{SERVER_V6}/64"), "dev", "br0", "nodad"]);
    internet.ip(&["link", "set", "br0", "up"]);
    crate::binary::run(internet.command("sysctl").args(["-qw", "net.ipv6.conf.all.forwarding=1"]));
    internet
}

/// A router that is joined to the internet.
fn router(internet: &Namespace, name: &str, number: u8, kind: NatKind) -> Namespace {
    let router = Namespace::new(name);
    router.cable("wan", internet, &format!("to{number}"));
    internet.ip(&["link", "set", &format!("to{number}"), "master", "br0", "up"]);
    router.ip(&["addr", "add", &format!("203.0.113.1{number}/24"), "dev", "wan"]);
    router.ip(&["addr", "add", &format!("2001:db8::1{number}/64"), "dev", "wan", "nodad"]);
    router.ip(&["link", "set", "wan", "up"]);
    router.ip(&["-6", "route", "add", "default", "via", SERVER_V6]);
    internet.ip(&["-6", "route", "add", &lan_v6(number, "/64"), "via", &format!("2001:db8::1{number}")]);
    nat::install(&router, kind);
    router
}

fn lan_v6(number: u8, rest: &str) -> String {
    format!("2001:db8:81:{number}::{rest}")
}

/// The inside of a router whose `lan` was just plugged in.
pub fn open_lan(router: &Namespace, number: u8) {
    router.ip(&["addr", "add", &format!("10.81.{number}.1/24"), "dev", "lan"]);
    router.ip(&["addr", "add", &lan_v6(number, "1/64"), "dev", "lan", "nodad"]);
    router.ip(&["link", "set", "lan", "up"]);
}

/// What a network manager does at a new home: the old addresses, ways and neighbours go, new ones come.
pub fn settle(host: &Namespace, number: u8, families: Families) {
    for family in ["-4", "-6"] {
        host.ip(&[family, "addr", "flush", "dev", "eth0", "scope", "global"]);
        host.ip(&[family, "route", "flush", "root", "default", "dev", "eth0"]);
        host.ip(&[family, "neigh", "flush", "dev", "eth0"]);
    }
    host.ip(&["link", "set", "eth0", "up"]);
    if families != Families::V6 {
        host.ip(&["addr", "add", &format!("10.81.{number}.2/24"), "dev", "eth0"]);
        host.ip(&["route", "replace", "default", "via", &format!("10.81.{number}.1")]);
    }
    if families != Families::V4 {
        host.ip(&["addr", "add", &lan_v6(number, "2/64"), "dev", "eth0", "nodad"]);
        host.ip(&["-6", "route", "replace", "default", "via", &lan_v6(number, "1")]);
    }
}
