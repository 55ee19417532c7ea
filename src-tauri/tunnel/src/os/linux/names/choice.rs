//! Which ways there are to tell the system's resolver, best first, from what was found on the machine. Pure.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use proto::ipc::NameService;

/// Where systemd-resolved listens; who asks there asks it.
const STUBS: [IpAddr; 2] =
    [IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 53)), IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 54))];

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// systemd-resolved answers on D-Bus.
    pub resolved: bool,
    /// Text of `/etc/resolv.conf`.
    pub resolv_conf: Option<String>,
    /// Text of `/etc/nsswitch.conf`.
    pub nsswitch: Option<String>,
    /// NetworkManager runs a dnsmasq.
    pub dnsmasq: bool,
    /// openresolv is installed.
    pub openresolv: bool,
    /// `/etc/resolv.conf` may be changed.
    pub may_change: bool,
}

impl Facts {
    /// Whether programs really ask systemd-resolved: all name servers are its own, or the C library asks it first.
    pub fn is_resolved_asked(&self) -> bool {
        let servers = self.resolv_conf.as_deref().map(nameservers).unwrap_or_default();
        let stubs = !servers.is_empty() && servers.iter().all(|server| STUBS.contains(server));
        self.resolved && (stubs || self.nsswitch.as_deref().is_some_and(is_resolve_first))
    }

    /// The ways, best first.
    pub fn ways(&self) -> Vec<NameService> {
        // A resolver that few programs ask is better than none, and does no harm: its settings stay on our link.
        let rows = [
            (self.is_resolved_asked(), NameService::Resolved),
            (self.dnsmasq, NameService::NetworkManager),
            (self.openresolv, NameService::Openresolv),
            (self.may_change, NameService::ResolvConf),
            (self.resolved && !self.is_resolved_asked(), NameService::Resolved),
        ];
        rows.into_iter().filter(|(is_there, _)| *is_there).map(|(_, way)| way).collect()
    }

    /// What is weak about this way.
    pub fn caveat(&self, way: NameService) -> Option<String> {
        let is_weak = way == NameService::Resolved && !self.is_resolved_asked();
        is_weak
            .then(|| "systemd-resolved knows our names, but /etc/resolv.conf does not send programs to it".to_owned())
    }
}

/// The name servers of a `resolv.conf`.
pub fn nameservers(text: &str) -> Vec<IpAddr> {
    let values = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()).flatten()
    });
    values.filter_map(|value| value.split('%').next()?.parse().ok()).collect()
}

/// Whether `hosts:` names `resolve` before `dns`.
fn is_resolve_first(text: &str) -> bool {
    let Some(hosts) = text.lines().find_map(|line| line.trim_start().strip_prefix("hosts:")) else { return false };
    let hosts = hosts.split('#').next().unwrap_or_default();
    hosts.split_whitespace().find(|word| ["resolve", "dns"].contains(word)) == Some("resolve")
}
