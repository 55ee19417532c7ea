//! All names of all deployments. Where two deployments have the same name, the first zone wins, and the clash is told.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;

use proto::address::DNS_SERVER;

use super::ENABLED;
use super::suffix::Suffix;
use super::zone::Zone;

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// It leads to this address.
    Address(Ipv6Addr, &'a Suffix),
    /// It has no records, but names below it exist (RFC 8020): not "no such name".
    Above(&'a Suffix),
    /// It lies in a suffix of ours and does not exist.
    Nothing(&'a Suffix),
    /// Not ours: neither answered nor forwarded.
    Outside,
}

/// A name that two deployments have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The name.
    pub name: String,
    /// Index of the zone whose name is answered.
    pub winner: usize,
    /// Index of the zone whose name is not.
    pub loser: usize,
}

/// See the module. Rebuilt as a whole with every change, and swapped.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    suffixes: Vec<Suffix>,
    names: BTreeMap<String, (usize, Ipv6Addr)>,
    above: BTreeSet<String>,
    pointers: BTreeMap<Ipv6Addr, String>,
    clashes: Vec<Clash>,
}

impl Directory {
    /// The names of these zones; earlier ones win. Zones without a first update are left out.
    #[must_use]
    pub fn new<'a>(zones: impl IntoIterator<Item = &'a Zone>) -> Self {
        let mut directory = Self::default();
        for (index, zone) in zones.into_iter().enumerate().filter(|(_, zone)| zone.is_known()) {
            let suffix = zone.suffix();
            if !directory.suffixes.contains(suffix) {
                directory.suffixes.push(suffix.clone());
                directory.insert(&format!("{ENABLED}.{suffix}"), index, DNS_SERVER, suffix);
            }
            for named in zone.named() {
                for name in &named.hostnames {
                    directory.insert(name, index, named.address, suffix);
                }
            }
        }
        // The longest suffix first: of `coder` and `lab.coder`, the second is meant by `box.lab.coder`.
        directory.suffixes.sort_by_key(|suffix| std::cmp::Reverse(suffix.as_str().len()));
        directory
    }

    /// Whether an answer of this directory is wrong by a newer one: somebody who kept it must forget it.
    #[must_use]
    pub fn is_outdated_by(&self, newer: &Self) -> bool {
        let is_kept = |(name, (_, address)): (&String, &(usize, Ipv6Addr))| {
            newer.names.get(name).is_some_and(|(_, other)| other == address)
        };
        !self.names.iter().all(is_kept)
    }

    fn insert(&mut self, name: &str, zone: usize, address: Ipv6Addr, suffix: &Suffix) {
        match self.names.entry(name.to_owned()) {
            // Of one zone, the later daemon wins: a restart may show two with one name for a moment.
            Entry::Occupied(mut entry) if entry.get().0 == zone => {
                entry.insert((zone, address));
            }
            Entry::Occupied(entry) => {
                self.clashes.push(Clash { name: name.to_owned(), winner: entry.get().0, loser: zone });
                return;
            }
            Entry::Vacant(entry) => {
                entry.insert((zone, address));
            }
        }
        self.pointers.entry(address).or_insert_with(|| name.to_owned());
        let mut rest = name;
        while let Some((_, parent)) = rest.split_once('.').filter(|(_, parent)| suffix.strip(parent).is_some()) {
            self.above.insert(parent.to_owned());
            rest = parent;
        }
    }

    /// Looks up a lower-case name without final dot.
    #[must_use]
    pub fn find(&self, key: &str) -> Found<'_> {
        let Some(suffix) = self.suffixes.iter().find(|suffix| suffix.strip(key).is_some()) else {
            return Found::Outside;
        };
        match self.names.get(key) {
            Some((_, address)) => Found::Address(*address, suffix),
            None if self.above.contains(key) || key == suffix.as_str() => Found::Above(suffix),
            None => Found::Nothing(suffix),
        }
    }

    /// A name of an address.
    #[must_use]
    pub fn name_of(&self, address: Ipv6Addr) -> Option<&str> {
        self.pointers.get(&address).map(String::as_str)
    }

    /// The suffixes that are answered.
    #[must_use]
    pub fn suffixes(&self) -> &[Suffix] {
        &self.suffixes
    }

    /// Names that more than one zone has.
    #[must_use]
    pub fn clashes(&self) -> &[Clash] {
        &self.clashes
    }

    /// How many names are answered, the "is it on" names not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len() - self.suffixes.len()
    }

    /// Whether there is no name but the "is it on" ones.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
