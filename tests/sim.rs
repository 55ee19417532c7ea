//! The mesh engine in a virtual internet and in virtual time: translators, outages, roaming, hostile packets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A failed step is a failed test.

use std::time::Duration;

use mesh::engine::PingKind;
use tests::sim::{NatKind, World};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_pair_talks_through_the_relay_first_and_then_directly() {
    let mut world = World::pair(NatKind::Cone, NatKind::Cone);
    world.run(2 * SECOND);
    let pong = world.ping(0, 1, PingKind::Tsmp);
    assert!(pong.is_some(), "the agent answers inside the tunnel");
    let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
    assert!(to_client >= 99 && to_agent >= 99, "{to_client} and {to_agent} of 100");
    assert!(world.is_direct(0, 1) && world.is_direct(1, 0));
}
