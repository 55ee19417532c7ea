//! F09, F12: what happens to the machine's own network is told; F25: what is taken away from ours is put back. Each
//! within two seconds.

use std::time::Duration;

use tests::lab::{available, until};

use super::{ADDRESS, Home, PEER, sabotaged};

const SOON: Duration = Duration::from_secs(2);

#[test]
fn what_somebody_takes_away_is_put_back() {
    if !available("what_somebody_takes_away_is_put_back") {
        return;
    }
    let home = Home::new();
    let puppet = home.up();
    let rows = [
        ("ip -6 rule del priority 5100", "ip -6 rule", "to fd60:627a:a42b::/48 lookup 7080"),
        ("ip -6 rule del priority 5101", "ip -6 rule", "from fd60:627a:a42b::/48 unreachable"),
        ("ip -6 rule del priority 5102", "ip -6 rule", "from fd60:627a:a42b::/48 iif lo lookup 7081"),
        ("ip -6 route flush table 7081", "ip -6 route show table 7081", "unreachable ::/1"),
        ("ip -6 route flush table 7080", "ip -6 route show table 7080", "fd60:627a:a42b::/48 dev homeport0"),
        ("ip -6 addr flush dev homeport0", "ip -6 addr show dev homeport0", ADDRESS),
        ("ip link set homeport0 down", "ip -6 route show table 7080", "dev homeport0"),
        ("ip link set homeport0 mtu 1400", "ip link show homeport0", "mtu 1280"),
        ("sysctl -qw net.ipv6.conf.homeport0.disable_ipv6=1", "ip -6 addr show dev homeport0", ADDRESS),
    ];
    if sabotaged("F25") {
        puppet.stop();
    }
    for (taken, show, wanted) in rows {
        tests::binary::output(&mut home.command(&["sh", "-c", taken]));
        let took = until(SOON, || home.command(&["sh", "-c", show]), |text| text.contains(wanted));
        assert!(home.pings(PEER), "all is well again {took:?} after {taken}");
    }
    assert_eq!(home.leaked(), 0);
}

#[test]
fn a_device_that_vanishes_is_made_again() {
    if !available("a_device_that_vanishes_is_made_again") {
        return;
    }
    let home = Home::new();
    let mut puppet = home.up();
    for _ in 0..5 {
        home.host.ip(&["link", "del", "homeport0"]);
        let took = puppet.wait_for("device", SOON);
        assert!(took < SOON && home.pings(PEER), "{took:?}");
    }
    assert_eq!(home.leaked(), 0);
}

#[test]
fn changes_of_the_machines_network_are_told_once_they_settled() {
    if !available("changes_of_the_machines_network_are_told_once_they_settled") {
        return;
    }
    let home = Home::new();
    let mut puppet = home.up();
    let rows = [
        (&["addr", "add", "198.51.100.7/24", "dev", "eth0"][..], "moved"),
        (&["addr", "del", "198.51.100.7/24", "dev", "eth0"], "moved"),
        (&["-6", "addr", "add", "2001:db8:7::7/64", "dev", "eth0", "nodad"], "moved"),
        (&["route", "del", "default"], "moved"),
        (&["route", "add", "default", "via", "192.0.2.1"], "moved"),
        (&["link", "set", "eth0", "down"], "offline"),
        (&["link", "set", "eth0", "up"], "moved"),
    ];
    for (command, expect) in rows {
        puppet.forget();
        home.host.ip(command);
        let took = puppet.wait_for(expect, SOON);
        assert!(took <= SOON, "{command:?}: {took:?}");
    }
    home.host.ip(&["link", "set", "eth0", "down"]);
    puppet.wait_for("offline", SOON);
    let health = puppet.ask("health");
    assert!(health.contains("NoNetwork"), "{health}");
    // The other end of the cable: carrier is lost without anybody touching our side.
    home.host.ip(&["link", "set", "eth0", "up"]);
    puppet.wait_for("moved", SOON);
    puppet.forget();
    home.router.ip(&["link", "set", "lan", "down"]);
    puppet.wait_for("offline", SOON);
    home.router.ip(&["link", "set", "lan", "up"]);
    puppet.wait_for("moved", SOON);
    assert!(!puppet.ask("health").contains("NoNetwork"));
}

#[test]
fn a_flap_that_leaves_all_as_it_was_is_told_as_well() {
    if !available("a_flap_that_leaves_all_as_it_was_is_told_as_well") {
        return;
    }
    let home = Home::new();
    let mut puppet = home.up();
    puppet.forget();
    home.sh("ip link set eth0 down; ip link set eth0 up; ip -6 addr add 2001:db8::2/64 dev eth0 nodad; ip -6 route add default via 2001:db8::1; ip route replace default via 192.0.2.1");
    puppet.wait_for("moved", SOON);
}
