//! Home routers made of nft: address translation, a firewall that drops what nobody asked for, and counters.

use super::Namespace;

/// How a router maps and filters UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatKind {
    /// One outside port per inside socket; answers only from where was sent to (port-restricted cone).
    Cone,
    /// A fresh random outside port for every destination.
    Symmetric,
}

/// Turns a namespace with `wan` and `lan` into a router.
pub fn install(router: &Namespace, kind: NatKind) {
    let forward = ["-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"];
    crate::binary::run(router.command("sysctl").args(forward));
    trust_link_addresses(router);
    let flags = match kind {
        NatKind::Cone => "",
        NatKind::Symmetric => "fully-random",
    };
    router.nft("add table ip home");
    router.nft("add chain ip home out { type nat hook postrouting priority 100; }");
    router.nft(&format!("add rule ip home out oifname wan masquerade {flags}"));
    router.nft("add chain ip home early { type nat hook prerouting priority -100; }");
    // Without this drop, the kernel would track the other side's early packet as a flow of the router itself, and our
    // own outgoing packet would then get another port: no real home router does that.
    router.nft("add chain ip home in { type filter hook input priority 0; }");
    router.nft("add rule ip home in iifname wan ct state new drop");
    router.nft("add chain ip home through { type filter hook forward priority 0; }");
    router.nft("add rule ip home through iifname wan ct state new drop");
    router.nft("add table ip6 home");
    for (chain, hook) in [("in", "input"), ("through", "forward")] {
        router.nft(&format!("add chain ip6 home {chain} {{ type filter hook {hook} priority 0; }}"));
        router.nft(&format!("add rule ip6 home {chain} iifname wan ct state new drop"));
    }
    router.nft("add chain ip home udp_switch");
    router.nft("add counter ip home udp_passed");
    router.nft("add rule ip home through meta l4proto udp jump udp_switch");
    router.nft("add rule ip home through meta l4proto udp counter name udp_passed");
}

/// Links that appear from now on are used at once. A router's own links have been up for long when somebody moves in; ours
/// are made in that moment, and ask nobody for a second or two while they make sure that their address is nobody else's.
pub fn trust_link_addresses(place: &Namespace) {
    crate::binary::run(place.command("sysctl").args(["-qw", "net.ipv6.conf.default.accept_dad=0"]));
}

impl Namespace {
    /// On a router: lets UDP through, or not.
    pub fn set_udp(&self, open: bool) {
        self.nft("flush chain ip home udp_switch");
        if !open {
            self.nft("add rule ip home udp_switch drop");
        }
    }

    /// On a router: bytes of UDP that went through.
    pub fn udp_passed(&self) -> u64 {
        let text = self.nft("list counter ip home udp_passed");
        let bytes = text.split("bytes ").nth(1).and_then(|rest| rest.split_whitespace().next());
        bytes.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no counter in {text}"))
    }

    /// On a router: forgets every mapping, and gives UDP this outside port from now on.
    pub fn rebind(&self, number: u8, port: u16) {
        self.nft("flush chain ip home out");
        self.nft(&format!("add rule ip home out iifname lan oifname wan meta l4proto udp masquerade to :{port}"));
        self.nft("add rule ip home out iifname lan oifname wan masquerade");
        // The kernel forgets what was translated to an address that goes.
        let address = format!("203.0.113.1{number}/24");
        self.ip(&["addr", "del", &address, "dev", "wan"]);
        self.ip(&["addr", "add", &address, "dev", "wan"]);
    }

    /// On a router: what goes to the web (the server's port) ends at a program here, or, without one, nowhere.
    pub fn divert_web(&self, to: Option<u16>) {
        match to {
            Some(to) => self.nft(&format!("add rule ip home early iifname lan tcp dport 7080 redirect to :{to}")),
            None => self.nft("add rule ip home through iifname lan tcp dport 7080 drop"),
        };
    }
}
