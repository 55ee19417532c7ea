//! What carries our own packets: links, addresses, default routes of others; and who else claims our prefix. Pure.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::plan::{PREFIX_BITS, overlap, prefix};

/// A route of somebody else that covers our prefix or lies inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Foreign {
    /// Its destination.
    pub network: Ipv6Addr,
    /// Its length.
    pub bits: u8,
    /// Where it leads.
    pub interface: String,
    /// In which table.
    pub table: u32,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "route {}/{} into {} (table {})", self.network, self.bits, self.interface, self.table)
    }
}

/// Whether two networks have an address in common. A default route covers everything and claims nothing.
#[must_use]
pub fn claims_ours(network: Ipv6Addr, bits: u8) -> bool {
    bits > 0 && overlap((network, bits), (prefix(), PREFIX_BITS))
}

/// The machine's network as far as our own packets need it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Usable addresses and the interfaces that have them.
    pub addresses: BTreeSet<(u32, IpAddr)>,
    /// Default routes: interface, gateway, metric.
    pub defaults: BTreeSet<(u32, Option<IpAddr>, u32)>,
    /// Links with carrier.
    pub links: BTreeSet<u32>,
}

impl Outlook {
    /// Whether a packet could leave: an address on a link with carrier.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.addresses.iter().any(|(link, _)| self.links.contains(link))
    }

    /// What matters of it: a link without an address carries nothing of ours, so its coming and going is no news.
    #[must_use]
    pub fn essence(&self) -> Self {
        let has_address = |link: &u32| self.addresses.iter().any(|(other, _)| other == link);
        let links: BTreeSet<u32> = self.links.iter().copied().filter(has_address).collect();
        let addresses = self.addresses.iter().copied().filter(|(link, _)| links.contains(link)).collect();
        let defaults = self.defaults.iter().copied().filter(|(link, ..)| links.contains(link)).collect();
        Self { addresses, defaults, links }
    }
}
