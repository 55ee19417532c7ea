//! F12 and F17 in virtual time: an end that is plugged in elsewhere, and one that slept.

use std::time::Duration;

use mesh::engine::Role;
use tests::sim::{Families, NatKind, Seen, World};

use super::{MINUTE, SECOND, handshakes, settled};

/// How long, from now on, until each of the first two hosts has heard something new of the other, with a packet every
/// 100 ms each way.
fn silence(world: &mut World, limit: Duration) -> Option<Duration> {
    let start = world.now;
    let before = [0, 1].map(|host| world.hosts[host].received.len());
    while world.now < start + limit {
        world.chat(0, 1, SECOND / 10);
        if [0, 1].iter().all(|host| world.hosts[*host].received.len() > before[*host]) {
            return Some(world.now - start);
        }
    }
    None
}

/// From these families to those: all nine.
fn moves() -> impl Iterator<Item = (Families, Families)> {
    Families::ALL.into_iter().flat_map(|from| Families::ALL.into_iter().map(move |to| (from, to)))
}

/// F12: either end is plugged in elsewhere, with other addresses of other families, and both talk all the time.
#[test]
fn a_host_that_moves_is_reached_again_within_two_seconds() {
    for moving in [0, 1] {
        let mut took = Vec::new();
        for ((from, to), offset) in moves().flat_map(|pair| (0..10).map(move |offset| (pair, offset))) {
            let mut world = World::default();
            world.families = Families::Dual;
            world.add(Role::Client, NatKind::PortRestricted);
            world.add(Role::Agent, NatKind::PortRestricted);
            world.move_host(moving, from, 1);
            world.start_pair();
            world.chat(0, 1, 15 * SECOND + offset * SECOND / 3);
            assert!(world.is_direct(0, 1) && world.is_direct(1, 0), "{from:?} before the move");
            // There and back to where it is known.
            for (families, place) in [(to, 2), (from, 1)] {
                world.move_host(moving, families, place);
                let back = silence(&mut world, 15 * SECOND).unwrap_or_else(|| panic!("{from:?} to {to:?}: not back"));
                took.push(back);
                world.chat(0, 1, 10 * SECOND);
                assert!(world.is_direct(0, 1) && world.is_direct(1, 0), "{from:?} to {to:?}, host {moving}, {offset}");
            }
        }
        took.sort();
        let (median, p95, worst) = (took[took.len() / 2], took[took.len() * 95 / 100], took[took.len() - 1]);
        eprintln!("F12, host {moving}: {median:?} in the middle, {p95:?} at p95, {worst:?} at worst");
        assert!(p95 <= 2 * SECOND && worst <= 4 * SECOND, "host {moving}: {p95:?}, {worst:?}");
    }
}

/// F17: one end sleeps for ten minutes or nine hours; then both talk at once.
#[test]
fn a_machine_that_slept_is_reached_again_within_three_seconds() {
    for (sleeping, minutes) in [(0, 10), (1, 10), (0, 9 * 60), (1, 9 * 60), (0, 2)] {
        let mut world = settled(NatKind::PortRestricted, NatKind::PortRestricted);
        let before = handshakes(&world);
        world.seen.clear();
        world.chat(0, 1, SECOND);
        let old: Vec<Seen> = world.seen.drain(..).collect();
        world.sleep(sleeping, minutes * MINUTE);
        // What was on the wire before the sleep comes late, before anything else does.
        let received = [0, 1].map(|host| world.hosts[host].received.len());
        old.into_iter().for_each(|packet| world.inject(packet));
        world.run(Duration::from_millis(1));
        assert_eq!([0, 1].map(|host| world.hosts[host].received.len()), received, "old packets are refused");
        let back = silence(&mut world, 20 * SECOND).expect("an answer");
        eprintln!("F17, host {sleeping}, {minutes} min: {back:?}");
        assert!(back <= 3 * SECOND, "host {sleeping} after {minutes} min: {back:?}");
        if minutes >= 3 {
            assert!(handshakes(&world) > before, "new keys");
        }
        world.chat(0, 1, 10 * SECOND);
        assert!(world.is_direct(0, 1) && world.is_direct(1, 0), "host {sleeping} after {minutes} min");
    }
}
