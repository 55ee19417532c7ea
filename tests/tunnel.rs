//! The tunnel's half that touches the machine, in namespaces of its own: what it sets and that nothing remains, what
//! happens when others take it away, who else claims our addresses, and which resolver is told. Root only.
//!
//! `HOMEPORT_TEST_SABOTAGE=<row>` removes what the row relies on; its test must then be red.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "tunnel/faults.rs"]
mod faults;
#[path = "tunnel/found.rs"]
mod found;
#[path = "tunnel/lan.rs"]
mod lan;
#[path = "tunnel/managers.rs"]
mod managers;
#[path = "tunnel/moved.rs"]
mod moved;
#[path = "tunnel/offload.rs"]
mod offload;
#[path = "tunnel/resolvers.rs"]
mod resolvers;
#[path = "tunnel/source.rs"]
mod source;

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tests::binary::{output, run};
use tests::lab::{Capture, Namespace, Puppet};
use tests::sabotaged;

/// The laboratory is one machine: one test at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Our address in every test.
const ADDRESS: &str = "fd60:627a:a42b:1:2:3:4:5";
/// Somebody else's below our prefix, behind the device.
const PEER: &str = "fd60:627a:a42b:9::1";

/// A home with an uplink to a router that forwards anything, so that a leak is seen there.
struct Home {
    /// First, so that it judges before anything is taken away.
    _capture: Capture,
    host: Namespace,
    router: Namespace,
    state: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Home {
    fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (host, router) = (Namespace::new("home"), Namespace::new("router"));
        host.cable("eth0", &router, "lan");
        for (namespace, link, last) in [(&host, "eth0", 2), (&router, "lan", 1)] {
            namespace.ip(&["addr", "add", &format!("192.0.2.{last}/24"), "dev", link]);
            namespace.ip(&["addr", "add", &format!("2001:db8::{last}/64"), "dev", link, "nodad"]);
            namespace.ip(&["link", "set", link, "up"]);
        }
        host.ip(&["route", "add", "default", "via", "192.0.2.1"]);
        host.ip(&["-6", "route", "add", "default", "via", "2001:db8::1"]);
        router.nft("add table ip6 watch");
        router.nft("add counter ip6 watch leaked");
        router.nft("add chain ip6 watch in { type filter hook prerouting priority -300; }");
        for end in ["saddr", "daddr"] {
            router.nft(&format!("add rule ip6 watch in ip6 {end} fd60:627a:a42b::/48 counter name leaked"));
        }
        // Addresses get their link-local neighbours while the link settles; wait for that here and not in a test.
        let settled = |text: &str| !text.contains("tentative") && text.contains("fe80");
        for (namespace, link) in [(&host, "eth0"), (&router, "lan")] {
            let show = || namespace_command(namespace, &["ip", "-6", "addr", "show", "dev", link]);
            tests::lab::until(std::time::Duration::from_secs(10), show, settled);
        }
        let state = tempfile::tempdir().unwrap();
        let capture = Capture::start(&router, &host, "192.0.2.1");
        Self { _capture: capture, host, router, state, _turn: turn }
    }

    /// A command at home.
    fn command(&self, arguments: &[&str]) -> Command {
        namespace_command(&self.host, arguments)
    }

    fn sh(&self, line: &str) -> String {
        run(&mut self.command(&["sh", "-c", line]))
    }

    /// The tunnel's network at home.
    fn puppet(&self) -> Puppet {
        Puppet::start(|program| self.host.command(program), self.state.path(), &[])
    }

    /// One that is up.
    fn up(&self) -> Puppet {
        let mut puppet = self.puppet();
        assert_eq!(puppet.greeting(), "ready");
        assert_eq!(puppet.ask(&format!("up {ADDRESS}")), "up");
        puppet
    }

    /// Where a packet to our prefix would go: the device, or why nowhere.
    fn way_to(&self, address: &str) -> String {
        let output = output(&mut self.command(&["ip", "-6", "route", "get", address]));
        let said = tests::binary::said(&output);
        let mut words = said.split_whitespace().skip_while(|word| *word != "dev").skip(1);
        if output.status.success() { words.next().unwrap_or_default().to_owned() } else { said }
    }

    /// Packets from or to our prefix that the router saw.
    fn leaked(&self) -> u64 {
        let text = self.router.nft("list counter ip6 watch leaked");
        let count = text.split("packets ").nth(1).and_then(|rest| rest.split_whitespace().next());
        count.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no counter in {text}"))
    }

    /// Whether a ping through the device comes back.
    fn pings(&self, address: &str) -> bool {
        output(&mut self.command(&["ping", "-6", "-c", "1", "-W", "1", address])).status.success()
    }
}

fn namespace_command(namespace: &Namespace, arguments: &[&str]) -> Command {
    let mut command = namespace.command(arguments[0]);
    command.args(&arguments[1..]);
    command
}
