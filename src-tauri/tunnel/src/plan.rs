//! What must be done to the machine so that our packets reach us and nobody else's do: wanted and seen in, steps out.
//! Pure. Not here: doing a step (`os`), remembering it (`journal`).
//!
//! The order fails closed: the prefix is unreachable before it leads to the device, and again after the device is gone.

mod choice;
mod removal;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use proto::address::PREFIX;
use serde::{Deserialize, Serialize};

pub use choice::{Others, Realm, overlap};
pub use removal::{Removal, removal};

/// Our routing table; 52 belongs to another product, 253 to 255 to the kernel.
pub const TABLE: u32 = 7080;
/// Metric of the way into the device.
pub const DEVICE_METRIC: u32 = 1;
/// Metric of the dead end that remains when the device is gone; any worse one than the device's.
pub const FALLBACK_METRIC: u32 = 7080;
/// Priority of "to our prefix: our table"; 5200 to 5299 belong to another product.
pub const TOWARDS_PRIORITY: u32 = 5100;
/// Priority of "from our prefix: nowhere", asked after [`TOWARDS_PRIORITY`]: an answer to a stranger who reached our
/// address over another link would tell them that we have it.
pub const SOURCE_PRIORITY: u32 = 5101;
/// Priority of "our address was chosen as the source: look into [`CHOICE_TABLE`]". Only packets that begin here.
pub const CHOICE_PRIORITY: u32 = 5102;
/// The table of dead ends for packets that would get our address as their source and are not for our prefix.
pub const CHOICE_TABLE: u32 = 7081;
/// Bits of our prefix.
pub const PREFIX_BITS: u8 = 48;
/// Longest packet inside the tunnel; the field's value.
pub const MTU: u32 = 1280;

/// Our prefix as an address.
#[must_use]
pub fn prefix() -> Ipv6Addr {
    let mut bytes = [0; 16];
    bytes[..PREFIX.len()].copy_from_slice(&PREFIX);
    Ipv6Addr::from(bytes)
}

/// One thing that is ours on the machine. It names no path and no command: a journal that somebody tampered with can
/// make us remove these and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `unreachable` for our prefix in our table; survives the device.
    Fallback,
    /// To our prefix: look into our table.
    TowardsRule,
    /// From our prefix to anything else: unreachable.
    SourceRule,
    /// What would get our address as its source looks into a table of dead ends.
    ChoiceRule,
    /// One of these dead ends.
    Forbid(Realm),
    /// The network device; it vanishes with the process.
    Device,
    /// IPv6 on our device, where the machine switches it off for new ones.
    Ipv6,
    /// The device is up and has our MTU.
    Up,
    /// Our address on the device.
    Address(Ipv6Addr),
    /// Our prefix leads into the device.
    Route,
    /// A file that sends our suffixes from NetworkManager's dnsmasq to us.
    NetworkManager,
    /// An entry in openresolv.
    Openresolv,
    /// Our lines in `/etc/resolv.conf`.
    ResolvConf,
}

impl Step {
    /// Whether it is something that a resolver was told, in files that outlive the device.
    #[must_use]
    pub fn is_of_resolver(self) -> bool {
        matches!(self, Self::NetworkManager | Self::Openresolv | Self::ResolvConf)
    }

    /// Whether the kernel removes it together with the device.
    #[must_use]
    pub fn goes_with_device(self) -> bool {
        matches!(self, Self::Device | Self::Ipv6 | Self::Up | Self::Address(_) | Self::Route)
    }
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Make it.
    Do(Step),
    /// Take it away.
    Undo(Step),
}

/// What is ours on the machine at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// [`Step::Fallback`] is there.
    pub fallback: bool,
    /// [`Step::TowardsRule`] is there.
    pub towards: bool,
    /// [`Step::SourceRule`] is there.
    pub source: bool,
    /// [`Step::ChoiceRule`] is there.
    pub choice: bool,
    /// [`Step::Forbid`] is there for these.
    pub forbidden: BTreeSet<Realm>,
    /// It should be for these ([`Others::forbidden`]).
    pub forbid: BTreeSet<Realm>,
    /// Our device, if it exists.
    pub device: Option<SeenDevice>,
}

/// Our device at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenDevice {
    /// Up, with our MTU.
    pub up: bool,
    /// IPv6 is allowed on it.
    pub ipv6: bool,
    /// Its addresses below our prefix.
    pub addresses: Vec<Ipv6Addr>,
    /// [`Step::Route`] is there.
    pub route: bool,
}

/// What must happen so that the tunnel has this address; nothing when all is well. With `None`: what must happen so
/// that nothing of ours remains.
#[must_use]
pub fn plan(wanted: Option<Ipv6Addr>, seen: &Seen) -> Vec<Act> {
    match wanted {
        Some(address) => up(address, seen),
        None => down(seen),
    }
}

fn up(address: Ipv6Addr, seen: &Seen) -> Vec<Act> {
    let new = SeenDevice::default();
    let device = seen.device.as_ref().unwrap_or(&new);
    let stale = device.addresses.iter().filter(|other| **other != address).map(|other| Step::Address(*other));
    let allowed = seen.forbidden.difference(&seen.forbid).map(|realm| Step::Forbid(*realm));
    let mut acts: Vec<Act> = stale.chain(allowed).map(Act::Undo).collect();
    acts.extend(seen.forbid.difference(&seen.forbidden).map(|realm| Act::Do(Step::Forbid(*realm))));
    let wanted = [
        (seen.fallback, Step::Fallback),
        (seen.towards, Step::TowardsRule),
        (seen.source, Step::SourceRule),
        (seen.choice, Step::ChoiceRule),
        (seen.device.is_some(), Step::Device),
        (device.ipv6, Step::Ipv6),
        (device.up, Step::Up),
        (device.addresses.contains(&address), Step::Address(address)),
        (device.route, Step::Route),
    ];
    acts.extend(wanted.into_iter().filter(|(is_there, _)| !is_there).map(|(_, step)| Act::Do(step)));
    acts
}

fn down(seen: &Seen) -> Vec<Act> {
    let there = [
        (seen.device.is_some(), Step::Device),
        (seen.choice, Step::ChoiceRule),
        (seen.source, Step::SourceRule),
        (seen.towards, Step::TowardsRule),
        (seen.fallback, Step::Fallback),
    ];
    let there = there.into_iter().filter(|(is_there, _)| *is_there).map(|(_, step)| step);
    there.chain(seen.forbidden.iter().map(|realm| Step::Forbid(*realm))).map(Act::Undo).collect()
}
