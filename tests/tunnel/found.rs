//! N5 and F06: the machine is left as found, after an orderly end, after SIGKILL, after many cycles; and K3 in the gap.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use tests::binary::output;
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
fn connections_through_the_tunnel_end_with_it_and_nothing_is_repeated_elsewhere() {
    let test = "connections_through_the_tunnel_end_with_it_and_nothing_is_repeated_elsewhere";
    if !available(test) {
        return;
    }
    let home = Home::new();
    if !home.kernel_ends_connections() {
        eprintln!("SKIPPED {test}: this kernel has no CONFIG_INET_DIAG_DESTROY");
        return;
    }
    for is_killed in [false, true] {
        let mut puppet = home.up();
        let (mut near, far, datagrams) = home.connections(ADDRESS.parse().unwrap(), PEER.parse().unwrap());
        if is_killed {
            puppet.kill();
            near.write_all(b"never acknowledged").unwrap();
            assert_eq!(home.puppet().greeting(), "ready", "the next start undoes what was left");
        } else {
            near.write_all(b"on its way").unwrap();
            assert_eq!(puppet.ask("down"), "down");
        }
        for stream in [near, far] {
            let end = end_of(stream);
            assert!(matches!(end, ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset), "{is_killed}: {end:?}");
        }
        assert!(datagrams.send(b"to nobody").is_err(), "{is_killed}: it has no other end any more");
        assert_eq!(home.leaked(), 0, "{is_killed}");
    }
}

impl Home {
    /// Both ends of a stream that the mirror carries, and a connected datagram socket.
    fn connections(&self, ours: Ipv6Addr, peer: Ipv6Addr) -> (TcpStream, TcpStream, UdpSocket) {
        self.host.inside(|| {
            let listener = TcpListener::bind((ours, 0)).unwrap();
            let near = TcpStream::connect((peer, listener.local_addr().unwrap().port())).unwrap();
            let datagrams = UdpSocket::bind((ours, 0)).unwrap();
            datagrams.connect((peer, 9)).unwrap();
            (near, listener.accept().unwrap().0, datagrams)
        })
    }

    fn kernel_ends_connections(&self) -> bool {
        let (near, _far, _) = self.connections(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        let port = near.local_addr().unwrap().port();
        output(&mut self.command(&["ss", "-KHtn", "sport", &format!("= :{port}")]));
        near.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        (&near).read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::ConnectionAborted)
    }
}

/// Reads to the end, which must come by itself.
fn end_of(mut stream: TcpStream) -> ErrorKind {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    loop {
        match stream.read(&mut [0; 64]) {
            Ok(0) => return ErrorKind::UnexpectedEof,
            Ok(_) => {}
            Err(error) => return error.kind(),
        }
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
