//! Which ports are chosen, kept and given back.

use proto::id::AgentId;
use uuid::Uuid;

use super::{Change, MAX_PORTS, Ports, Remote};

fn remote(daemon: u128, port: u16) -> Remote {
    (AgentId(Uuid::from_u128(daemon)), port)
}

/// Settles with these local ports taken by others; returns what is open as `daemon:remote=local`.
#[track_caller]
fn settle(ports: &mut Ports<()>, wanted: &[Remote], taken: &[u16], expect: &[(u128, u16, u16)]) -> Vec<Change> {
    let changes = ports.settle(wanted, |local, _| (!taken.contains(&local)).then_some(()), |_, ()| {});
    let open: Vec<_> = ports.iter().map(|((agent, port), local)| (agent.0.as_u128(), port, local)).collect();
    assert_eq!(open, expect);
    changes
}

#[test]
fn the_same_port_when_it_is_free_else_the_next() {
    #[track_caller]
    fn check(port: u16, taken: &[u16], expect: Option<u16>) {
        let open: Vec<_> = expect.map(|local| (1, port, local)).into_iter().collect();
        settle(&mut Ports::default(), &[remote(1, port)], taken, &open);
    }
    check(8080, &[], Some(8080));
    check(8080, &[8080, 8081], Some(8082));
    check(22, &[], Some(8022));
    check(80, &[8080], Some(8081));
    check(1023, &[], Some(9023));
    check(1024, &[], Some(1024));
    check(65535, &[], Some(65535));
    check(65535, &[65535], None);
    check(8080, &(8080..8144).collect::<Vec<_>>(), None);
}

#[test]
fn a_port_stays_where_it_is_while_it_is_wanted() {
    let mut ports = Ports::default();
    settle(&mut ports, &[remote(1, 8080), remote(2, 8080)], &[], &[(1, 8080, 8080), (2, 8080, 8081)]);
    // The first goes; the second keeps its number although a better one is free.
    let changes = settle(&mut ports, &[remote(2, 8080)], &[], &[(2, 8080, 8081)]);
    assert_eq!(changes, [Change::Closed(remote(1, 8080), 8080)]);
    let changes = settle(&mut ports, &[remote(2, 8080)], &[8081], &[(2, 8080, 8081)]);
    assert_eq!(changes, []);
    settle(&mut ports, &[], &[], &[]);
}

#[test]
fn there_is_an_end_to_ports() {
    let wanted: Vec<Remote> = (0..400).map(|number| remote(1, 2000 + number)).collect();
    let mut ports = Ports::default();
    let mut bound = 0;
    let changes = ports.settle(
        &wanted,
        |_, _| {
            bound += 1;
            Some(())
        },
        |_, ()| {},
    );
    assert_eq!(ports.iter().count(), MAX_PORTS);
    let refused = changes.iter().filter(|change| matches!(change, Change::Refused(_))).count();
    assert_eq!((refused, bound), (400 - MAX_PORTS, MAX_PORTS), "what is not kept is not opened either");
}
