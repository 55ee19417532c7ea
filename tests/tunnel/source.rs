//! K3: our address is never the source of a packet that is not for our prefix, whatever else the machine has or has lost;
//! and what has an address of its own is not in our way.

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use tests::lab::{available, until};

use super::{Home, PEER, sabotaged};

const PUBLIC: &str = "2a00:1450::1";
const PRIVATE: &str = "fd99:1::1";
/// What is there within.
const SOON: Duration = Duration::from_secs(2);

impl Home {
    /// The source that a program gets which names none, for a datagram that is then sent.
    fn source_towards(&self, to: &str) -> Option<Ipv6Addr> {
        let to = SocketAddr::new(to.parse().unwrap(), 9);
        self.host.inside(|| {
            let unconnected = UdpSocket::bind("[::]:0").unwrap();
            let sent = unconnected.send_to(b"unconnected", to);
            let socket = UdpSocket::bind("[::]:0").unwrap();
            let connected = socket.connect(to).and_then(|()| socket.send(b"connected"));
            assert_eq!(sent.is_ok(), connected.is_ok(), "{sent:?} {connected:?}");
            let SocketAddr::V6(local) = socket.local_addr().unwrap() else { unreachable!() };
            connected.is_ok().then(|| *local.ip())
        })
    }

    fn wait_for_dead_ends(&self, expect: &[&str]) {
        let show = || self.command(&["ip", "-6", "route", "show", "table", "7081"]);
        until(SOON, show, |text| {
            text.lines().count() == expect.len() && expect.iter().all(|realm| text.contains(realm))
        });
    }
}

#[test]
fn our_address_is_nobody_elses_source() {
    if !available("our_address_is_nobody_elses_source") {
        return;
    }
    let home = Home::new();
    let puppet = home.up();
    if sabotaged("K3-source") {
        puppet.stop();
        home.host.ip(&["-6", "rule", "del", "priority", "5102"]);
    }
    let source = |to: &str| home.source_towards(to).map(|source| source.to_string());
    let is = |text: &str| Some(text.to_owned());
    let check = |public: Option<String>, private: Option<String>, when: &str| {
        assert_eq!((source(PUBLIC), source(PRIVATE)), (public, private), "{when}");
        assert_eq!(home.leaked(), 0, "{when}");
        assert!(home.pings(PEER), "the tunnel itself works, {when}");
    };
    home.wait_for_dead_ends(&["::/1"]);
    check(is("2001:db8::2"), is("2001:db8::2"), "with a public address");
    home.host.ip(&["addr", "del", "2001:db8::2/64", "dev", "eth0"]);
    home.wait_for_dead_ends(&["::/1", "fc00::/7"]);
    check(None, None, "with a way and no address");
    home.host.ip(&["addr", "add", "fd99::2/64", "dev", "eth0", "nodad"]);
    home.wait_for_dead_ends(&[]);
    check(is("fd99::2"), is("fd99::2"), "with a private address");
    home.host.ip(&["addr", "add", "2001:db8::2/64", "dev", "eth0", "nodad"]);
    home.wait_for_dead_ends(&["::/1"]);
    check(is("2001:db8::2"), is("fd99::2"), "with both");
    home.host.ip(&["addr", "del", "fd99::2/64", "dev", "eth0"]);
    // Nobody reacts any more: what is public is closed by the kernel itself.
    puppet.stop();
    home.host.ip(&["addr", "del", "2001:db8::2/64", "dev", "eth0"]);
    assert_eq!((source(PUBLIC), home.leaked()), (None, 0), "at the moment the address is gone");
}
