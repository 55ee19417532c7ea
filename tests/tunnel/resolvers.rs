//! F18, F19: a real systemd-resolved is told and told again, everything else is asked as without us, and a file is
//! changed only when it may be.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::lab::{Puppet, Resolved, Snapshot, available, resolved, until};

use super::{ADDRESS, Home, sabotaged};

const SOON: Duration = Duration::from_secs(2);

/// Home with a resolver inside.
struct House {
    puppet: Puppet,
    resolved: Resolved,
    home: Home,
}

impl House {
    fn new(root: &Path, upstream: &str) -> Self {
        let home = Home::new();
        let resolved = Resolved::start(&home.host, root, upstream);
        let puppet = Puppet::start(|program| resolved.beside(program), home.state.path(), &[]);
        Self { puppet, resolved, home }
    }

    fn up(&mut self) {
        assert_eq!(self.puppet.ask(&format!("up {ADDRESS}")), "up");
        assert_eq!(self.puppet.ask("names coder other.test"), "Resolved");
    }

    /// What it was told, in one line each.
    fn told(&self) -> [String; 3] {
        ["dns", "domain", "default-route"].map(|what| self.resolved.link(what, "homeport0"))
    }

    fn is_told(&self) -> bool {
        let [dns, domain, default] = self.told();
        dns.contains("fd60:627a:a42b::53") && domain.contains("~coder ~other.test") && default.contains("no")
    }
}

fn root(test: &str) -> Option<PathBuf> {
    resolved::packages(test)
}

#[test]
fn resolved_is_told_on_our_link_and_forgets_with_it() {
    let Some(root) = root("resolved_is_told_on_our_link_and_forgets_with_it") else { return };
    let mut house = House::new(&root, "");
    let snapshot = |house: &House| Snapshot::take(|program| house.resolved.command(program));
    let before = snapshot(&house);
    house.up();
    assert!(house.is_told(), "{:?}", house.told());
    for (what, wanted) in [("llmnr", "no"), ("mdns", "no"), ("dnssec", "no"), ("dnsovertls", "no")] {
        let said = house.resolved.link(what, "homeport0");
        assert!(said.trim().ends_with(wanted), "{what}: {said}");
    }
    assert!(!house.puppet.ask("health").contains("NoNameService"));
    assert_eq!(house.puppet.ask("names coder"), "Resolved");
    assert!(!house.told()[1].contains("other.test"), "the one that went is gone");
    assert_eq!(house.puppet.ask("names"), "None");
    assert!(!house.told()[1].contains("coder"), "{:?}", house.told());
    house.up();
    assert_eq!(house.puppet.ask("down"), "down");
    before.assert_same(&snapshot(&house), "after an orderly end");
    house.up();
    let House { puppet, resolved, home } = house;
    puppet.kill();
    let gone = || resolved.command("resolvectl");
    until(SOON, gone, |text| !text.contains("homeport0"));
    let puppet = Puppet::start(|program| resolved.beside(program), home.state.path(), &[]);
    assert_eq!(puppet.greeting(), "ready");
    before.assert_same(&Snapshot::take(|program| resolved.command(program)), "after SIGKILL and the next start");
}

#[test]
fn a_resolver_that_starts_anew_is_told_again() {
    let Some(root) = root("a_resolver_that_starts_anew_is_told_again") else { return };
    let mut house = House::new(&root, "");
    house.up();
    if sabotaged("F19") {
        house.puppet.stop();
    }
    for _ in 0..5 {
        house.resolved.kill();
        // It remembers links by itself, but not over a change of its version or a tidy administrator.
        house.resolved.sh("rm -rf /run/systemd/resolve/netif");
        house.resolved.restart();
        until(SOON, || house.resolved.command("resolvectl"), |text| text.contains("~coder") && text.contains("::53"));
        assert!(house.is_told(), "{:?}", house.told());
    }
    // Without the restart's news: the device is made again and has another number.
    house.home.host.ip(&["link", "del", "homeport0"]);
    house.puppet.wait_for("device", SOON);
    assert!(house.is_told(), "{:?}", house.told());
}

#[test]
fn other_names_are_asked_as_without_us() {
    let Some(root) = root("other_names_are_asked_as_without_us") else { return };
    let mut house = House::new(&root, "192.0.2.1");
    let start = "dnsmasq --no-resolv --no-hosts --address=/lan.test/192.0.2.9 --address=/coder/192.0.2.66 --log-queries \
                 --pid-file=/run/dnsmasq.pid --log-facility=/run/dnsmasq.log --user=root";
    // The server of the network lives on the router; its log is read through our own mounts.
    let log = house.home.state.path().join("queries");
    let mut server = house.home.router.command(root.join("usr/sbin/dnsmasq"));
    let own = format!("--log-facility={}", log.display());
    server.args(
        start.split_whitespace().skip(1).filter(|word| !word.starts_with("--log-fac") && !word.starts_with("--pid")),
    );
    let mut server = Ended(server.args([&own, "--pid-file=", "--keep-in-foreground"]).spawn().unwrap());
    let ask = |name: &str| {
        let mut command = house.resolved.command("timeout");
        command.args(["8", "resolvectl", "query", "-4", name]);
        command
    };
    until(Duration::from_secs(10), || ask("x.lan.test"), |text| text.contains("192.0.2.9"));
    let is_ours_asked = |log: &Path| std::fs::read_to_string(log).is_ok_and(|text| text.contains("box.coder"));
    house.puppet.ask(&format!("up {ADDRESS}"));
    if !sabotaged("F18") {
        assert_eq!(house.puppet.ask("names coder"), "Resolved");
    }
    // The upstream lies about our suffix; nobody asks it.
    let said = tests::binary::output(&mut ask("box.coder"));
    assert!(!String::from_utf8_lossy(&said.stdout).contains("192.0.2.66"), "{}", tests::binary::said(&said));
    assert!(!is_ours_asked(&log), "a query for our suffix left the machine");
    until(SOON, || ask("y.lan.test"), |text| text.contains("192.0.2.9"));
    // Gone: our names are still with us, others fail as they would.
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    assert!(house.told()[0].contains("::53"));
    assert!(!tests::binary::output(&mut ask("z.lan.test")).status.success());
    assert_eq!(house.home.leaked(), 0);
}

/// A child that is ended with its test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A home whose `/etc` is a copy with this `resolv.conf`, and no bus.
struct OwnEtc {
    home: Home,
    etc: PathBuf,
}

impl OwnEtc {
    fn new(text: &str) -> Self {
        let home = Home::new();
        let etc = home.state.path().join("etc");
        std::fs::create_dir(&etc).unwrap();
        std::fs::write(etc.join("resolv.conf"), text).unwrap();
        std::fs::write(etc.join("passwd"), "root:x:0:0::/:/bin/sh\n").unwrap();
        Self { home, etc }
    }

    fn place(&self, before: &str, program: &Path) -> Command {
        let mut command = self.home.host.command("unshare");
        let line = format!(
            "mount --make-rprivate / && mount --bind {} /etc && mount -t tmpfs none /run && {before} exec \"$@\"",
            self.etc.display()
        );
        command.args(["--mount", "sh", "-c", &line, "sh"]).arg(program);
        command
    }

    fn puppet(&self, before: &str, arguments: &[&str]) -> Puppet {
        Puppet::start(|program| self.place(before, program), &self.home.state.path().join("state"), arguments)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.etc.join("resolv.conf")).unwrap()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.etc.join("resolv.conf"), text).unwrap();
    }
}

const ROUTER: &str = "search lan\nnameserver 192.0.2.1\n";

#[test]
fn the_file_is_changed_only_when_asked_for_and_given_back() {
    if !available("the_file_is_changed_only_when_asked_for_and_given_back") {
        return;
    }
    let etc = OwnEtc::new(ROUTER);
    let up = format!("up {ADDRESS}");
    let mut puppet = etc.puppet("", &[]);
    puppet.ask(&up);
    assert_eq!(puppet.ask("names coder"), "None");
    assert!(puppet.ask("health").contains("NoNameService"));
    assert_eq!(etc.text(), ROUTER, "nobody asked for it");
    drop(puppet);
    let mut puppet = etc.puppet("", &["resolv-conf"]);
    puppet.ask(&up);
    assert_eq!(puppet.ask("names coder"), "ResolvConf");
    assert!(etc.text().ends_with(&format!("nameserver fd60:627a:a42b::53\n{ROUTER}")), "{}", etc.text());
    assert_eq!(puppet.ask("down"), "down");
    assert_eq!(etc.text(), ROUTER);
    puppet.ask(&up);
    puppet.ask("names coder");
    puppet.kill();
    assert_ne!(etc.text(), ROUTER, "killed: our lines are still there");
    drop(etc.puppet("", &[]));
    assert_eq!(etc.text(), ROUTER, "the next start gives it back");
}

#[test]
fn a_link_or_a_mount_is_not_changed() {
    if !available("a_link_or_a_mount_is_not_changed") {
        return;
    }
    let etc = OwnEtc::new(ROUTER);
    let up = format!("up {ADDRESS}");
    let mut puppet = etc.puppet("mount --bind /etc/resolv.conf /etc/resolv.conf &&", &["resolv-conf"]);
    puppet.ask(&up);
    assert_eq!(puppet.ask("names coder"), "None");
    drop(puppet);
    std::fs::rename(etc.etc.join("resolv.conf"), etc.etc.join("real")).unwrap();
    std::os::unix::fs::symlink("real", etc.etc.join("resolv.conf")).unwrap();
    let mut puppet = etc.puppet("", &["resolv-conf"]);
    puppet.ask(&up);
    assert_eq!(puppet.ask("names coder"), "None");
    let health = puppet.ask("health");
    assert!(health.contains("NoNameService") && health.contains("resolv.conf"), "{health}");
    assert_eq!(etc.text(), ROUTER);
}

#[test]
fn a_fight_for_the_file_ends_after_three_rewrites() {
    if !available("a_fight_for_the_file_ends_after_three_rewrites") {
        return;
    }
    let etc = OwnEtc::new(ROUTER);
    let mut puppet = etc.puppet("", &["resolv-conf"]);
    puppet.ask(&format!("up {ADDRESS}"));
    assert_eq!(puppet.ask("names coder"), "ResolvConf");
    let show = || {
        let mut command = Command::new("cat");
        command.arg(etc.etc.join("resolv.conf"));
        command
    };
    for other in 0..3 {
        etc.write(&format!("nameserver 192.0.2.{other}\n"));
        let took = until(Duration::from_secs(3), show, |text| text.contains("fd60:627a:a42b::53"));
        assert!(took < Duration::from_secs(3), "rewrite {other}: {took:?}");
    }
    puppet.forget();
    etc.write(ROUTER);
    puppet.wait_for("health", Duration::from_secs(3));
    assert!(puppet.ask("health").contains("ResolverFight"), "one warning");
    assert_eq!(etc.text(), ROUTER, "and the other one has it");
    assert_eq!(puppet.ask("down"), "down");
    assert_eq!(etc.text(), ROUTER);
}
