//! F19: NetworkManager and openresolv, for real: they are told, they rewrite and are told again, nobody fights, and they
//! have back what was theirs.

use std::time::Duration;

use tests::lab::{Manager, Puppet, Snapshot, Upstream, resolved, until};

use super::{ADDRESS, Home, sabotaged};

/// What was taken away is told again by then.
const SOON: Duration = Duration::from_secs(2);

/// A home, who manages its resolver, and the name server of its network.
struct House {
    puppet: Puppet,
    manager: Manager,
    _upstream: Upstream,
    before: (Snapshot, String),
    home: Home,
}

impl House {
    fn new(home: Home, root: &std::path::Path, manager: Manager, arguments: &[&str]) -> Self {
        let upstream = Upstream::start(&home.router, root, home.state.path().join("questions"));
        let before = found(&manager);
        let state = home.state.path().join("state");
        let mut puppet = Puppet::start(|program| manager.place(program), &state, arguments);
        assert_eq!(puppet.ask(&format!("up {ADDRESS}")), "up");
        Self { puppet, manager, _upstream: upstream, before, home }
    }

    /// Our names are sent to us, and others where they were sent before.
    fn works(&self, when: &str) {
        self.manager.sh(": >/run/queries");
        let ask = |name: &str| {
            let mut command = self.manager.command("sh");
            command.args(["-c", &format!("dig +time=1 +tries=1 {name} @127.0.0.1; cat /run/queries")]);
            command
        };
        let took = until(
            Duration::from_secs(10),
            || ask("AAAA box.coder"),
            |text| text.contains("forwarded box.coder to fd60:627a:a42b::53"),
        );
        eprintln!("F19 {when}: our names come to us after {took:?}");
        until(Duration::from_secs(10), || ask("A x.lan.test"), |text| text.contains("192.0.2.9"));
    }

    /// Ends it in order, then by SIGKILL and another start: all is as found.
    fn gives_back(self, way: &str) {
        let Self { mut puppet, manager, before, home, .. } = self;
        let is_as_found = |when: &str| {
            let now = found(&manager);
            before.0.assert_same(&now.0, when);
            assert_eq!(before.1, now.1, "{when}");
        };
        assert_eq!(puppet.ask("down"), "down");
        is_as_found("after an orderly end");
        assert_eq!(puppet.ask(&format!("up {ADDRESS}")), "up");
        assert_eq!(puppet.ask("names coder"), way);
        manager.signal("KILL");
        drop(puppet);
        drop(Puppet::start(|program| manager.place(program), &home.state.path().join("state"), &[]));
        is_as_found("after SIGKILL and the next start");
    }
}

/// The machine, and what its managers keep.
fn found(manager: &Manager) -> (Snapshot, String) {
    let files = "find /etc/NetworkManager /etc/resolvconf.conf /run/dnsmasq.d /run/resolvconf -type f 2>/dev/null | sort | xargs sha256sum";
    (Snapshot::take(|program| manager.command(program)), manager.sh(files))
}

#[test]
fn network_manager_s_dnsmasq_is_told_and_told_again() {
    let test = "network_manager_s_dnsmasq_is_told_and_told_again";
    let Some(root) = resolved::packages_with("usr/sbin/NetworkManager", test) else { return };
    let home = Home::new();
    let manager = Manager::network_manager(&home.host, &root, "dnsmasq");
    let mut house = House::new(home, &root, manager, &[]);
    assert_eq!(house.puppet.ask("names coder"), "NetworkManager", "{}", house.puppet.ask("health"));
    house.works("told");
    if sabotaged("F19") {
        house.manager.signal("STOP");
    }
    for _ in 0..2 {
        house.manager.sh("rm /etc/NetworkManager/dnsmasq.d/homeport.conf");
        let file = || {
            let mut command = house.manager.command("cat");
            command.arg("/etc/NetworkManager/dnsmasq.d/homeport.conf");
            command
        };
        until(SOON, file, |text| text.contains("server=/coder/fd60:627a:a42b::53"));
        house.works("its file was removed");
    }
    house.manager.restart_network_manager();
    house.works("NetworkManager started anew");
    house.gives_back("NetworkManager");
}

#[test]
fn network_manager_s_file_is_ours_again_when_it_was_written() {
    let test = "network_manager_s_file_is_ours_again_when_it_was_written";
    let Some(root) = resolved::packages_with("usr/sbin/NetworkManager", test) else { return };
    let home = Home::new();
    let manager = Manager::network_manager(&home.host, &root, "default");
    let mut house = House::new(home, &root, manager, &["resolv-conf"]);
    assert_eq!(house.puppet.ask("names coder"), "ResolvConf", "{}", house.puppet.ask("health"));
    if sabotaged("F19") {
        house.manager.signal("STOP");
    }
    let look = || {
        let mut command = house.manager.command("sh");
        command.args(["-c", "stat -c %i /etc/resolv.conf; cat /etc/resolv.conf"]);
        command
    };
    for _ in 0..2 {
        let text = tests::binary::run(&mut look());
        let inode = text.lines().next().unwrap().to_owned();
        // What a new lease does: the file is written again.
        let service = "org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager";
        house.manager.sh(&format!("busctl --system call {service} Reload u 2"));
        let took = until(Duration::from_secs(3), look, |text| {
            !text.starts_with(&inode) && text.contains("fd60:627a:a42b::53") && text.contains("192.0.2.1")
        });
        eprintln!("F19: ours again {took:?} after NetworkManager wrote the file");
    }
    house.gives_back("ResolvConf");
}

#[test]
fn openresolv_is_told_and_told_again() {
    let test = "openresolv_is_told_and_told_again";
    let Some(root) = resolved::packages_with("openresolv/sbin/resolvconf", test) else { return };
    let home = Home::new();
    let manager = match Manager::openresolv(&home.host, &root) {
        Ok(manager) => manager,
        Err(why) => return eprintln!("SKIPPED {test}: no overlay of /usr/sbin here {why}"),
    };
    let mut house = House::new(home, &root, manager, &[]);
    assert_eq!(house.puppet.ask("names coder"), "Openresolv", "{}", house.puppet.ask("health"));
    house.works("told");
    house.manager.sh("resolvconf -u");
    house.works("openresolv wrote everything again");
    if sabotaged("F19") {
        house.manager.signal("STOP");
    }
    house.manager.sh(": >/run/queries; resolvconf -f -d homeport0");
    // Without our entry the dnsmasq asks its network for our names, so nobody may ask before it started without the entry,
    // and again with it.
    let starts = || {
        let mut command = house.manager.command("cat");
        command.arg("/run/queries");
        command
    };
    until(SOON, starts, |text| text.matches("started, version").count() >= 2);
    house.works("our entry was removed");
    house.gives_back("Openresolv");
}
