//! F25, F31: no TUN, no right, a taken name, no IPv6, somebody else's route: a health code for each, the machine as found,
//! and never the foreign way.

use std::process::Command;

use tests::lab::{Puppet, Snapshot, available};

use super::{ADDRESS, Home, PEER, sabotaged};

impl Home {
    /// The tunnel's network, started by a line of shell that ends in `exec "$@"`.
    fn puppet_after(&self, line: &str) -> Puppet {
        let place = |program: &std::path::Path| -> Command {
            let mut command = self.host.command("unshare");
            command.args(["--mount", "sh", "-c", line, "sh"]).arg(program);
            command
        };
        Puppet::start(place, self.state.path(), &[])
    }
}

#[test]
fn what_is_missing_has_a_code_and_leaves_no_trace() {
    if !available("what_is_missing_has_a_code_and_leaves_no_trace") {
        return;
    }
    let home = Home::new();
    let check = |prepare: &str, code: &str| {
        let before = Snapshot::take(|program| home.host.command(program));
        let mut puppet = home.puppet_after(&format!("{prepare}; exec \"$@\""));
        let answer = puppet.ask(&format!("up {ADDRESS}"));
        assert!(answer.starts_with(&format!("error {code} ")), "{prepare}: {answer}");
        drop(puppet);
        before.assert_same(&Snapshot::take(|program| home.host.command(program)), prepare);
    };
    check("mount -t tmpfs none /dev/net", "TunMissing");
    check("mount -t tmpfs none /dev/net; mknod /dev/net/tun c 10 250", "TunMissing");
    // Read-only kernel settings, as a hardened unit has them, on a machine that switches IPv6 off.
    home.sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
    check("mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys", "Ipv6Off");
    home.sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=0");
    home.host.ip(&["link", "add", "homeport0", "type", "bridge"]);
    check("true", "DeviceTaken");
    home.host.ip(&["link", "del", "homeport0"]);
    home.host.ip(&["tuntap", "add", "homeport0", "mode", "tun"]);
    check("true", "DeviceTaken");
}

#[test]
fn without_the_right_it_is_denied_and_with_it_alone_it_works() {
    if !available("without_the_right_it_is_denied_and_with_it_alone_it_works") {
        return;
    }
    let home = Home::new();
    std::os::unix::fs::chown(home.state.path(), Some(65534), Some(65534)).unwrap();
    let start = |mode: &str, rights: &[&str]| {
        let place = |program: &std::path::Path| {
            // Some machines let root alone open the device's file: what is tried here is the right, not the file.
            let door =
                format!("mount -t tmpfs none /dev/net && mknod -m {mode} /dev/net/tun c 10 200 && chmod 755 /dev/net");
            let mut command = home.host.command("unshare");
            command.args(["--mount", "sh", "-c", &format!("{door} && exec setpriv \"$@\""), "setpriv"]);
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).args(rights).arg(program);
            command
        };
        Puppet::start(place, home.state.path(), &[])
    };
    let mut denied = start("666", &["--inh-caps=-all", "--bounding-set=-all"]);
    let answer = denied.ask(&format!("up {ADDRESS}"));
    assert!(answer.starts_with("error TunDenied "), "{answer}");
    drop(denied);
    home.sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
    let only = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin", "--bounding-set=-all,+net_admin"];
    let mut closed = start("600", &only);
    let answer = closed.ask(&format!("up {ADDRESS}"));
    assert!(answer.starts_with("error TunClosed "), "the file is root's alone: {answer}");
    drop(closed);
    let mut allowed = start("666", &only);
    assert_eq!(allowed.ask(&format!("up {ADDRESS}")), "up", "CAP_NET_ADMIN is all it needs");
    assert!(home.pings(PEER));
    assert_eq!(allowed.ask("down"), "down");
}

#[test]
fn a_foreign_route_is_named_and_never_used() {
    if !available("a_foreign_route_is_named_and_never_used") {
        return;
    }
    let home = Home::new();
    let mut puppet = home.up();
    assert!(!puppet.ask("health").contains("ForeignRoute"));
    let soon = std::time::Duration::from_secs(2);
    for route in ["fd60:627a:a42b::/48", "fd60:627a:a42b:9::/64", "fd60:627a:a42b:9::1/128", "fd60::/16", "fc00::/7"] {
        for table in ["254", "100"] {
            home.host.ip(&["-6", "route", "add", route, "via", "2001:db8::1", "dev", "eth0", "table", table]);
            puppet.wait_for("health", soon);
            let health = puppet.ask("health");
            let named = health.contains(route.trim_end_matches("/128")) && health.contains("into eth0");
            assert!(health.contains("ForeignRoute") && named, "{route}: {health}");
            if sabotaged("F31") {
                home.host.ip(&["-6", "rule", "add", "priority", "50", "lookup", table]);
            }
            assert_eq!(home.way_to(PEER), "homeport0", "{route} in table {table}");
            assert!(home.pings(PEER) && home.leaked() == 0);
            home.host.ip(&["-6", "route", "del", route, "table", table]);
            puppet.wait_for("health", soon);
            assert!(!puppet.ask("health").contains("ForeignRoute"), "it is gone, and so is the code");
        }
    }
    home.host.ip(&["-6", "route", "add", "fc00::/8", "via", "2001:db8::1"]);
    home.host.ip(&["-6", "route", "add", "unreachable", "fd00::/8"]);
    assert!(home.pings(PEER) && !puppet.ask("health").contains("ForeignRoute"), "neither claims ours");
}

#[test]
fn ipv6_switched_off_for_all_is_allowed_on_our_device_alone() {
    if !available("ipv6_switched_off_for_all_is_allowed_on_our_device_alone") {
        return;
    }
    let home = Home::new();
    home.sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    home.sh("sysctl -qw net.ipv4.conf.all.rp_filter=1");
    let puppet = home.up();
    assert!(home.pings(PEER));
    assert_eq!(home.sh("cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6"), "1\n");
    drop(puppet);
}
