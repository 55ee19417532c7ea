//! Who resolves names for the programs of this computer, read from its files.

use std::path::Path;

use crate::resolved;

/// Longest file that is read; these have some lines.
const MAX_LENGTH: usize = 64 * 1024;
/// Servers and words that are kept of them.
const MAX_WORDS: usize = 8;

/// What the files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolver {
    /// Who wrote `/etc/resolv.conf`, when it says so.
    pub author: Option<&'static str>,
    /// Its name servers.
    pub servers: Vec<String>,
    /// Whether systemd-resolved runs.
    pub has_resolved: bool,
    /// Whether dynamic programs ask it before DNS.
    pub is_asked_first: bool,
    /// What `/etc/nsswitch.conf` says of hosts.
    pub nsswitch: String,
}

impl Resolver {
    /// Whether programs reach systemd-resolved at all.
    pub fn leads_to_resolved(&self) -> bool {
        self.has_resolved && (self.is_asked_first || self.servers.iter().any(|server| is_stub(server)))
    }
}

/// Reads the files.
pub fn look() -> Resolver {
    let read = |path: &str| {
        let mut text = std::fs::read_to_string(path).unwrap_or_default();
        text.truncate(text.floor_char_boundary(MAX_LENGTH));
        text
    };
    let target = std::fs::read_link("/etc/resolv.conf").unwrap_or_default();
    let has_resolved = Path::new("/run/systemd/resolve/io.systemd.Resolve").exists();
    describe(&read("/etc/resolv.conf"), &target.to_string_lossy(), &read("/etc/nsswitch.conf"), has_resolved)
}

/// The same without files.
pub fn describe(resolv_conf: &str, target: &str, nsswitch: &str, has_resolved: bool) -> Resolver {
    let servers = resolv_conf.lines().filter_map(|line| line.trim_start().strip_prefix("nameserver"));
    let hosts = nsswitch.lines().find_map(|line| line.trim_start().strip_prefix("hosts:")).unwrap_or_default();
    Resolver {
        author: author(resolv_conf, target),
        servers: servers.map(|server| server.trim().to_owned()).take(MAX_WORDS).collect(),
        has_resolved,
        is_asked_first: resolved::comes_first(nsswitch),
        nsswitch: hosts.split_whitespace().take(MAX_WORDS).collect::<Vec<_>>().join(" "),
    }
}

fn author(resolv_conf: &str, target: &str) -> Option<&'static str> {
    let comments: String =
        resolv_conf.lines().filter(|line| line.starts_with(['#', ';'])).collect::<Vec<_>>().join("\n").to_lowercase();
    let known = [
        ("tailscale", "Tailscale"),
        ("homeport", "Homeport"),
        ("networkmanager", "NetworkManager"),
        ("systemd-resolved", "systemd-resolved"),
        ("resolvconf", "resolvconf"),
        ("dhclient", "dhclient"),
        ("dhcpcd", "dhcpcd"),
        ("wsl", "WSL"),
    ];
    let links =
        [("systemd/resolve", "systemd-resolved"), ("NetworkManager", "NetworkManager"), ("resolvconf", "resolvconf")];
    let by_link = links.iter().find(|(part, _)| target.contains(part));
    by_link.or_else(|| known.iter().find(|(word, _)| comments.contains(word))).map(|(_, name)| *name)
}

fn is_stub(server: &str) -> bool {
    matches!(server, "127.0.0.53" | "127.0.0.54")
}

#[cfg(test)]
mod tests;
