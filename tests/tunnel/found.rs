//! N5 and F06: the machine is left as found, after an orderly end, after SIGKILL, after many cycles; and K3 in the gap.

use tests::lab::{Snapshot, available};

use super::{ADDRESS, Home, PEER, sabotaged};

/// Cycles on every push; `HOMEPORT_CYCLES` sets more.
const CYCLES: usize = 100;

impl Home {
    fn snapshot(&self) -> Snapshot {
        Snapshot::take(|program| self.host.command(program))
    }
}

#[test]
fn a_packet_for_our_prefix_goes_through_the_device_and_nothing_remains_afterwards() {
    if !available("a_packet_for_our_prefix_goes_through_the_device_and_nothing_remains_afterwards") {
        return;
    }
    let home = Home::new();
    let before = home.snapshot();
    let mut puppet = home.up();
    assert_eq!(home.way_to(PEER), "homeport0");
    assert!(home.pings(PEER), "the mirror answers through the device");
    let during = home.snapshot();
    assert!(!before.differences(&during).is_empty(), "the snapshot sees the tunnel");
    assert_eq!(puppet.ask("down"), "down");
    before.assert_same(&home.snapshot(), "after an orderly end");
    assert_eq!(std::fs::read(home.state.path().join("journal")).unwrap(), b"");
    assert_eq!(home.leaked(), 0);
}

#[test]
fn after_sigkill_the_prefix_is_a_dead_end_and_the_next_start_restores_the_machine() {
    if !available("after_sigkill_the_prefix_is_a_dead_end_and_the_next_start_restores_the_machine") {
        return;
    }
    let home = Home::new();
    let before = home.snapshot();
    for _ in 0..10 {
        home.up().kill();
        if sabotaged("F06-gap") {
            home.host.ip(&["-6", "rule", "del", "priority", "5100"]);
        }
        assert!(!home.pings(PEER), "nobody answers in the gap");
        assert_eq!(home.leaked(), 0, "and nothing leaves: {}", home.way_to(PEER));
        if !sabotaged("F06") {
            let puppet = home.puppet();
            assert_eq!(puppet.greeting(), "ready");
        }
        before.assert_same(&home.snapshot(), "after SIGKILL and the next start");
    }
}

#[test]
fn a_hundred_cycles_leave_nothing_behind() {
    if !available("a_hundred_cycles_leave_nothing_behind") {
        return;
    }
    let home = Home::new();
    let before = home.snapshot();
    let cycles = std::env::var("HOMEPORT_CYCLES").map_or(CYCLES, |text| text.parse().unwrap());
    let mut puppet = home.puppet();
    for cycle in 0..cycles {
        assert_eq!(puppet.ask(&format!("up {ADDRESS}")), "up", "cycle {cycle}");
        assert_eq!(puppet.ask("down"), "down");
    }
    before.assert_same(&home.snapshot(), "after the last cycle");
}

#[test]
fn a_second_up_makes_the_device_anew_with_its_new_address() {
    if !available("a_second_up_makes_the_device_anew_with_its_new_address") {
        return;
    }
    let home = Home::new();
    let mut puppet = home.up();
    assert_eq!(puppet.ask("up fd60:627a:a42b:7::7"), "up");
    let addresses = home.sh("ip -6 addr show dev homeport0");
    assert!(addresses.contains("fd60:627a:a42b:7::7/128") && !addresses.contains(ADDRESS), "{addresses}");
    assert!(!addresses.contains("fe80"), "no address that nobody asked for: {addresses}");
    assert!(home.pings(PEER));
}
