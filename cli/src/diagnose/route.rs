//! Which way packets for the tunnel's addresses take on this computer. Nothing is sent.

use std::net::Ipv6Addr;

use proto::address::PREFIX;

const OUR_BITS: usize = 48;

/// Which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Through the tunnel's device.
    Ours,
    /// Through another one, which claims addresses of ours.
    Foreign(String),
    /// None.
    Missing,
}

/// Looks at the kernel's routes.
pub fn look(device: Option<&str>, is_on: bool) -> Route {
    let table = std::fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    match (claims(&table, device), is_on) {
        (_, true) => Route::Ours,
        (Some(foreign), false) => Route::Foreign(foreign),
        (None, false) => Route::Missing,
    }
}

/// The first device besides ours with a route, other than the default one, that covers an address of the tunnel.
pub fn claims(table: &str, device: Option<&str>) -> Option<String> {
    table.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [to, length, .., name] = words.as_slice() else { return None };
        let to = Ipv6Addr::from_bits(u128::from_str_radix(to, 16).ok()?);
        let length = usize::from_str_radix(length, 16).ok()?;
        let mut prefix = [0; 16];
        prefix[..PREFIX.len()].copy_from_slice(&PREFIX);
        let bits = u32::try_from(length.min(OUR_BITS)).ok()?;
        let covers = length > 0 && (to.to_bits() ^ u128::from_be_bytes(prefix)).leading_zeros() >= bits;
        (covers && *name != "lo" && Some(*name) != device).then(|| (*name).to_owned())
    })
}

#[cfg(test)]
mod tests;
