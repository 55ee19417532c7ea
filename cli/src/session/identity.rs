//! Who we are in the mesh: fresh keys, a number and an address, drawn anew by each command.

use std::io;
use std::net::Ipv6Addr;

use proto::address::{LEGACY_PREFIX, under};
use proto::key::{DiscoPrivate, NodePrivate};
use uuid::Uuid;

/// Keys and address of one run.
pub struct Identity {
    /// WireGuard and relay key.
    pub node_key: NodePrivate,
    /// Path discovery key.
    pub disco_key: DiscoPrivate,
    /// Number of our record, not negative.
    pub node_id: i64,
    /// Our address, under the older prefix as command line clients have it.
    pub address: Ipv6Addr,
}

impl Identity {
    /// Draws one from the system's randomness.
    pub fn draw() -> Result<Self, io::Error> {
        Ok(Self {
            node_key: NodePrivate::from_bytes(random()?),
            disco_key: DiscoPrivate::from_bytes(random()?),
            node_id: i64::from_be_bytes(random()?) & i64::MAX,
            address: under(LEGACY_PREFIX, Uuid::from_bytes(random()?)),
        })
    }
}

/// Random bytes.
pub fn random<const N: usize>() -> Result<[u8; N], io::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}
