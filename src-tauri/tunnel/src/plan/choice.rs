//! For which destinations the kernel would take our address as the source of packets that are none of ours: those to
//! which no other address of the machine is better. Pure. Not here: the rule and the routes that forbid it (`netlink`).
//!
//! A program that names no source gets one when the way is looked up. Our rule of priority
//! [`CHOICE_PRIORITY`](super::CHOICE_PRIORITY) asks the kernel for its choice, and applies when it is ours; then it leads
//! to a table of dead ends, one for each [`Realm`]. The kernel makes that choice for no link in particular, where a
//! packet's real way prefers the addresses of its link, so a realm is open while such an address is there.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};

/// Destinations for which the kernel chooses alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Realm {
    /// All that is public or leads there by translation.
    Public,
    /// Unique local addresses, ours among them: whoever has one takes it here.
    Private,
}

impl Realm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Public, Self::Private];

    /// Its addresses. What lies between the two is given to nobody, and links and groups find their source by link.
    #[must_use]
    pub fn network(self) -> (Ipv6Addr, u8) {
        match self {
            Self::Public => (Ipv6Addr::UNSPECIFIED, 1),
            Self::Private => (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
        }
    }

    fn holds(self, address: Ipv6Addr) -> bool {
        overlap((address, 128), self.network())
    }
}

/// Whether two networks have an address in common.
#[must_use]
pub fn overlap((a, a_bits): (Ipv6Addr, u8), (b, b_bits): (Ipv6Addr, u8)) -> bool {
    let common = u32::from(a_bits.min(b_bits).min(128));
    let mask = u128::MAX.checked_shl(128 - common).unwrap_or(0);
    u128::from(a) & mask == u128::from(b) & mask
}

/// What else the machine has.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// Addresses that may be chosen anywhere: valid for new connections, known beyond their link; and whose link it is.
    pub addresses: Vec<(u32, Ipv6Addr)>,
    /// Routes that somebody set, beyond what follows from the addresses: link, destination.
    pub ways: Vec<(u32, (Ipv6Addr, u8))>,
}

impl Others {
    /// The realms that must be dead ends for us.
    #[must_use]
    pub fn forbidden(&self) -> BTreeSet<Realm> {
        let leads = |link: u32, realm: Realm| {
            self.ways.iter().any(|(other, network)| *other == link && overlap(*network, realm.network()))
        };
        let has = |realm: Realm, wanted: Realm| {
            self.addresses.iter().any(|(link, address)| wanted.holds(*address) && leads(*link, realm))
        };
        // A public address is the better source of public destinations wherever it is. A private one is no better than
        // ours, except on the way itself.
        let is_public = self.addresses.iter().any(|(_, address)| Realm::Public.holds(*address));
        let public = is_public || !has(Realm::Public, Realm::Private);
        let private = !Realm::ALL.into_iter().any(|kind| has(Realm::Private, kind));
        let pairs = [(public, Realm::Public), (private, Realm::Private)];
        pairs.into_iter().filter(|(is_forbidden, _)| *is_forbidden).map(|(_, realm)| realm).collect()
    }
}
