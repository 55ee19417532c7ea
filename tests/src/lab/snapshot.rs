//! A machine's network as text: what must be the same before and after the tunnel.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::binary::{output, run, said};

/// What is compared, each with the command that prints it.
const PARTS: &[(&str, &[&str])] = &[
    ("links", &["ip", "-j", "link"]),
    ("addresses", &["ip", "-j", "addr"]),
    ("routes", &["ip", "-j", "route", "show", "table", "all"]),
    ("IPv6 routes", &["ip", "-j", "-6", "route", "show", "table", "all"]),
    ("rules", &["ip", "-j", "rule"]),
    ("IPv6 rules", &["ip", "-j", "-6", "rule"]),
    ("nft", &["nft", "list", "ruleset"]),
    ("sysctls", &["sysctl", "-a", "-r", "^net\\.ipv6\\."]),
    (
        "/etc/resolv.conf",
        &["sh", "-c", "ls -l /etc/resolv.conf | cut -d' ' -f1,3-5; readlink /etc/resolv.conf; cat /etc/resolv.conf"],
    ),
    (
        "resolver",
        &[
            "sh",
            "-c",
            "command -v resolvectl >/dev/null && [ -S /run/dbus/system_bus_socket ] && resolvectl status || true",
        ],
    ),
];

/// A machine at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Vec<(&'static str, String)>);

impl Snapshot {
    /// Takes one with `place`, which makes a command inside.
    pub fn take(place: impl Fn(&str) -> Command) -> Self {
        let take = |(name, command): &(&'static str, &[&str])| (*name, run(place(command[0]).args(&command[1..])));
        Self(PARTS.iter().map(take).collect())
    }

    /// The parts that differ, with both texts.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = self.0.iter().zip(&other.0).filter(|(a, b)| a != b);
        pairs.map(|((name, a), (_, b))| format!("{name} before:\n{a}\n{name} after:\n{b}")).collect()
    }

    /// Fails when anything differs.
    #[track_caller]
    pub fn assert_same(&self, other: &Self, when: &str) {
        let differences = self.differences(other);
        assert!(differences.is_empty(), "the machine is not as found, {when}:\n{}", differences.join("\n"));
    }
}

/// Runs a command again and again until it says what is wanted; how long that took.
#[track_caller]
pub fn until(limit: Duration, mut command: impl FnMut() -> Command, wanted: impl Fn(&str) -> bool) -> Duration {
    let start = Instant::now();
    loop {
        let output = output(&mut command());
        if wanted(&String::from_utf8_lossy(&output.stdout)) {
            return start.elapsed();
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {:?}\n{}", command(), said(&output));
    }
}
