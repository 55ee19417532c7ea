//! Mesh addresses: an IPv6 address is a prefix of 6 bytes and the last 10 bytes of a UUID (spec `tailnet.md` 4).

use std::net::{IpAddr, Ipv6Addr};

use uuid::Uuid;

#[cfg(test)]
mod tests;

/// `fd7a:115c:a1e0::/48`, the older prefix; command line clients dial agents by it.
pub const LEGACY_PREFIX: [u8; 6] = [0xfd, 0x7a, 0x11, 0x5c, 0xa1, 0xe0];
/// `fd60:627a:a42b::/48`, the prefix that names resolve to.
pub const PREFIX: [u8; 6] = [0xfd, 0x60, 0x62, 0x7a, 0xa4, 0x2b];
/// `fd60:627a:a42b::53`: the DNS server inside the tunnel, and the answer of the "is it on" name.
pub const DNS_SERVER: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 0, 0, 0, 0, 0x53);

/// The address of an id under a prefix.
#[must_use]
pub fn under(prefix: [u8; 6], id: Uuid) -> Ipv6Addr {
    let mut bytes = *id.as_bytes();
    bytes[..6].copy_from_slice(&prefix);
    Ipv6Addr::from(bytes)
}

/// The two addresses of an agent, in the order the wire wants: legacy first.
#[must_use]
pub fn of_agent(id: Uuid) -> [Ipv6Addr; 2] {
    [under(LEGACY_PREFIX, id), under(PREFIX, id)]
}

/// Whether an address lies in one of the two mesh prefixes.
#[must_use]
pub fn is_mesh(address: Ipv6Addr) -> bool {
    address.octets().starts_with(&LEGACY_PREFIX) || is_in_tunnel(address)
}

/// Whether an address lies in the prefix that names resolve to, the only one that the system's tunnel routes; the older
/// one is shared with another product.
#[must_use]
pub fn is_in_tunnel(address: impl Into<IpAddr>) -> bool {
    matches!(address.into(), IpAddr::V6(address) if address.octets().starts_with(&PREFIX))
}
