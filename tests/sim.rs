//! The mesh engine in a virtual internet and in virtual time: translators, outages, roaming, hostile packets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A failed step is a failed test.

#[path = "sim/moving.rs"]
mod moving;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mesh::engine::{Path, PingKind, Role};
use proto::disco::{Message, SharedKey, TxId};
use proto::key::{DiscoPrivate, NodePrivate};
use proto::tailnet::PeerUpdateKind;
use tests::sim::{Families, NatKind, Seen, World, inner};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A pair that has a home, a session and, when the network allows it, a direct path.
fn settled(client: NatKind, agent: NatKind) -> World {
    let mut world = World::pair(client, agent);
    world.run(2 * SECOND);
    world.chat(0, 1, 10 * SECOND);
    world
}

/// Initiations that were sent. One that goes two ways, because the direct one is in doubt, is one.
fn handshakes(world: &World) -> usize {
    let data = world.seen.iter().map(|seen| match seen {
        Seen::Udp { data, .. } | Seen::Relay { data, .. } => data,
    });
    data.filter(|data| data.len() == 148 && data[0] == 1).collect::<BTreeSet<_>>().len()
}

#[test]
fn a_pair_talks_through_the_relay_first_and_then_directly() {
    let mut world = World::pair(NatKind::Cone, NatKind::Cone);
    world.run(2 * SECOND);
    let by_relay = |seen: &Seen| matches!(seen, Seen::Relay { data, .. } if data.len() == 148 && data[0] == 1);
    let relayed = world.seen.iter().filter(|seen| by_relay(seen)).count();
    assert_eq!((handshakes(&world), relayed), (1, 1), "the first handshake needs no direct path");
    assert!(world.is_direct(0, 1), "and it begins the search for one");
    assert!(world.ping(0, 1, PingKind::Tsmp).is_some(), "the agent answers inside the tunnel");
    let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
    assert!(to_client >= 99 && to_agent >= 99, "{to_client} and {to_agent} of 100");
    assert!(world.is_direct(0, 1) && world.is_direct(1, 0));
    let pong = world.ping(0, 1, PingKind::Disco).unwrap();
    assert_eq!(pong.latency, Duration::from_millis(20));
    assert_eq!(pong.path, world.path(0, 1));
}

/// What is wrong with a pair ten seconds after its start: the rule is that it talks, directly if and only if its
/// translators allow that.
fn complaint(families: Families, client: NatKind, agent: NatKind, is_sabotaged: bool) -> Option<String> {
    let mut world = World::pair_in(families, client, agent);
    world.loses_disco = is_sabotaged;
    world.run(2 * SECOND);
    world.chat(0, 1, 8 * SECOND);
    let is_direct = (world.is_direct(0, 1), world.is_direct(1, 0));
    let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
    let is_possible = client.can_meet(agent);
    let is_right = is_direct == (is_possible, is_possible) && to_client >= 99 && to_agent >= 99;
    (!is_right).then(|| {
        format!(
            "{families:?} {client:?} {agent:?}: direct {is_direct:?}, {to_client} and {to_agent} of 100 came through"
        )
    })
}

fn complaints(is_sabotaged: bool) -> Vec<String> {
    let all = Families::ALL.into_iter().flat_map(|families| {
        NatKind::ALL.into_iter().flat_map(move |client| NatKind::ALL.map(|agent| (families, client, agent)))
    });
    let all: Vec<_> = all.collect();
    assert_eq!(all.len(), 75);
    all.into_iter().filter_map(|(families, client, agent)| complaint(families, client, agent, is_sabotaged)).collect()
}

#[test]
fn every_pair_of_translators_talks_within_ten_seconds_and_directly_when_they_allow_it() {
    let found = complaints(false);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_table_of_translators_is_red_when_no_direct_path_can_be_proven() {
    // 22 of 25 pairs have a direct path, in each of three internets.
    assert_eq!(complaints(true).len(), 3 * 22);
}

#[test]
fn without_udp_the_relay_carries_everything_for_ever() {
    for blocked in [[true, false], [false, true], [true, true]] {
        let mut world = World::pair(NatKind::Public, NatKind::Public);
        world.hosts[0].is_udp_blocked = blocked[0];
        world.hosts[1].is_udp_blocked = blocked[1];
        world.run(2 * SECOND);
        world.chat(0, 1, SECOND);
        let (to_client, to_agent) = world.chat(0, 1, 5 * MINUTE);
        assert!(to_client >= 2998 && to_agent >= 2998, "{to_client} and {to_agent} of 3000");
        assert_eq!(world.path(0, 1), Path::Relay(1));
    }
}

#[test]
fn a_direct_path_that_dies_is_left_within_its_trust_time_and_found_again() {
    let mut world = settled(NatKind::Public, NatKind::PortRestricted);
    assert!(world.is_direct(0, 1));
    world.hosts[1].is_udp_blocked = true;
    world.run(10 * SECOND);
    let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
    assert!(to_client >= 97 && to_agent >= 97, "{to_client} and {to_agent} of 100 by the relay");
    assert_eq!(world.path(0, 1), Path::Relay(1));
    world.hosts[1].is_udp_blocked = false;
    world.chat(0, 1, 15 * SECOND);
    assert!(world.is_direct(0, 1) && world.is_direct(1, 0));
}

#[test]
fn a_path_that_dies_under_traffic_costs_at_most_its_trust_time() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.hosts[0].is_udp_blocked = true;
    let (to_client, to_agent) = world.chat(0, 1, 20 * SECOND);
    // 6.5 s of 20 s may be lost, with one heartbeat of doubt.
    assert!(to_client >= 130 && to_agent >= 130, "{to_client} and {to_agent} of 200");
    assert!(to_client < 199, "the control: some of it was lost");
}

#[test]
fn either_side_may_roam() {
    for (roaming, is_told) in [(0, true), (1, true), (0, false), (1, false)] {
        let mut world = settled(NatKind::PortRestricted, NatKind::PortRestricted);
        let before = world.path(1 - roaming, roaming);
        world.hosts[roaming].nat.move_to(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77)));
        let now = world.now;
        if is_told {
            world.cut_relays(roaming);
            world.act(roaming, |engine| engine.handle_network_changed(now));
        }
        world.chat(0, 1, 20 * SECOND);
        assert!(world.is_direct(0, 1) && world.is_direct(1, 0), "host {roaming}, told: {is_told}");
        assert_ne!(world.path(1 - roaming, roaming), before);
        let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
        assert!(to_client >= 99 && to_agent >= 99, "{to_client} and {to_agent} of 100");
    }
}

/// A router that takes other ports tells nobody (F10).
#[test]
fn a_translator_that_starts_anew_costs_little() {
    for roaming in [0, 1] {
        let mut worst = Duration::ZERO;
        for offset in 0..20 {
            let mut world = settled(NatKind::Cone, NatKind::Cone);
            world.chat(0, 1, offset * SECOND / 5);
            world.hosts[roaming].nat.restart();
            let start = world.now;
            let (mut last, mut heard) = ([start; 2], [0, 0]);
            while world.now < start + 15 * SECOND {
                world.chat(0, 1, SECOND / 10);
                for host in [0, 1] {
                    let count = world.hosts[host].received.len();
                    if count > heard[host] {
                        if heard[host] > 0 {
                            worst = worst.max(world.now - last[host]);
                        }
                        (last[host], heard[host]) = (world.now, count);
                    }
                }
            }
            assert!(world.is_direct(0, 1) && world.is_direct(1, 0), "host {roaming}, {offset}");
        }
        eprintln!("host {roaming}: {worst:?} at worst");
        assert!(worst <= 5 * SECOND, "host {roaming}: {worst:?}");
    }
}

#[test]
fn a_told_change_of_network_does_not_interrupt() {
    let mut world = settled(NatKind::PortRestricted, NatKind::PortRestricted);
    world.hosts[0].nat.move_to(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77)));
    let now = world.now;
    world.act(0, |engine| engine.handle_network_changed(now));
    let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
    assert!(to_agent >= 99, "what the roaming side sends goes by the relay at once: {to_agent} of 100");
    assert!(to_client >= 30, "{to_client} of 100: the other side notices after its trust time");
}

#[test]
fn a_spoofed_inner_source_is_delivered_zero_times() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.add(Role::Client, NatKind::Public);
    world.start(2);
    let (agent, now) = (world.hosts[1].id, world.now);
    world.act(2, |engine| engine.add_tunnel(agent, now));
    world.run(2 * SECOND);
    world.chat(2, 1, 2 * SECOND);
    let before = world.hosts[1].received.len();
    // A hostile client encrypts whatever it likes: here, packets in the name of the others and of the agent.
    world.hosts[2].is_control_cut = true;
    let [victim, own] = [world.hosts[0].address, world.hosts[2].address];
    let claims = [victim, world.hosts[1].address, "fd7a:115c:a1e0::1".parse().unwrap(), "::1".parse().unwrap()];
    world.act(2, |engine| engine.set_addresses(claims.into(), now));
    for source in claims {
        let packet = inner(source, world.hosts[1].address, "spoofed");
        let now = world.now;
        world.act(2, |engine| engine.handle_inner(&packet, now));
    }
    world.run(SECOND);
    assert_eq!(world.hosts[1].received.len(), before);
    world.act(2, |engine| engine.set_addresses(vec![own], now));
    world.send(2, 1, "honest");
    world.run(SECOND);
    assert_eq!(world.hosts[1].received.len(), before + 1, "the control: the same client with its own address");
}

#[test]
fn a_replayed_packet_is_delivered_zero_times_and_moves_no_path() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.run(SECOND);
    let (received, path) = ([world.hosts[0].received.len(), world.hosts[1].received.len()], world.path(1, 0));
    let everything = world.seen.clone();
    assert!(everything.len() > 200, "the control: there is something to replay");
    for packet in everything {
        world.inject(packet.clone());
        // The same datagram from an address of the attacker.
        if let Seen::Udp { to, data, .. } = packet {
            world.inject(Seen::Udp { from: ([192, 0, 2, 66], 9).into(), to, data });
        }
    }
    world.run(SECOND);
    assert_eq!([world.hosts[0].received.len(), world.hosts[1].received.len()], received);
    world.chat(0, 1, 10 * SECOND);
    assert_eq!(world.path(1, 0), path);
}

#[test]
fn a_stranger_gets_no_answer() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.run(MINUTE);
    let agent = DiscoPrivate::from_bytes([102; 32]).public();
    let to = SocketAddr::from(([198, 51, 100, 2], 41641));
    let from = SocketAddr::from(([192, 0, 2, 66], 9));
    let ping = |key: [u8; 32]| {
        let key = DiscoPrivate::from_bytes(key);
        let message = Message::Ping { tx_id: TxId([1; 12]), node_key: None };
        SharedKey::new(&key, &agent).seal(&key.public(), &message, [3; 24])
    };
    let mut answers = |data: Vec<u8>| {
        world.seen.clear();
        world.inject(Seen::Udp { from, to, data });
        world.run(Duration::from_millis(1));
        world.seen.iter().filter(|seen| matches!(seen, Seen::Udp { to, .. } if *to == from)).count()
    };
    assert_eq!(answers(ping([55; 32])), 0, "unknown disco key");
    assert_eq!(answers(vec![0; 20]), 0);
    let handshake = [[1, 0, 0, 0].as_slice(), &[7; 144]].concat();
    assert_eq!(answers(handshake), 0, "a handshake from an address that disco has not proven");
    assert_eq!(answers([[4, 0, 0, 0].as_slice(), &[0; 60]].concat()), 0);
    assert_eq!(answers(proto::stun::request(proto::stun::TxId([1; 12])).to_vec()), 0);
    let mut cut = ping([101; 32]);
    cut.truncate(1000);
    assert_eq!(answers(cut), 0, "the client's key, but cut short");
    // A pong, and a ping of our own, because the address is new.
    assert_eq!(answers(ping([101; 32])), 2, "the control: the client's key");
    assert_eq!(answers(ping([101; 32])), 0, "the same ping again");
}

#[test]
fn a_lost_peer_keeps_working_for_a_quarter_of_an_hour() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.cut_control(0, Some(PeerUpdateKind::Lost));
    world.cut_control(1, None);
    let (to_client, to_agent) = world.chat(0, 1, 20 * MINUTE);
    assert!(to_client > 11_900 && to_agent > 11_900, "rekeys keep it alive: {to_client} {to_agent}");
    // Its keep-alives would go on for ever.
    world.hosts[0].is_asleep = true;
    world.run(12 * MINUTE);
    assert_eq!(world.hosts[1].engine.status(world.now).peers.len(), 1);
    world.run(5 * MINUTE);
    assert_eq!(world.hosts[1].engine.status(world.now).peers.len(), 0);
}

#[test]
fn a_peer_that_says_goodbye_is_removed_at_once() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    let now = world.now;
    world.act(0, |engine| engine.disconnect(now));
    world.run(SECOND);
    assert_eq!(world.hosts[1].engine.status(world.now).peers.len(), 0);
}

#[test]
fn a_new_stream_says_everything_again() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.cut_control(0, Some(PeerUpdateKind::Lost));
    world.run(MINUTE);
    world.coordinator.log.clear();
    world.restore_control(0);
    world.run(SECOND);
    let said: Vec<_> = world.coordinator.log.iter().filter(|(from, _)| *from == world.hosts[0].id).collect();
    assert!(said[0].1.update_self.is_some() && said[1].1.add_tunnel.is_some(), "{said:?}");
    assert!(world.coordinator.log.iter().any(|(_, request)| !request.ready_for_handshake.is_empty()));
    world.run(20 * MINUTE);
    assert_eq!(world.hosts[1].engine.status(world.now).peers.len(), 1, "no longer lost");
}

#[test]
fn a_client_waits_for_ready_but_not_longer_than_five_seconds() {
    let check = |is_ready_muted: bool, earliest: u64, latest: u64| {
        let mut world = World::default();
        world.add(Role::Client, NatKind::Public);
        world.add(Role::Agent, NatKind::Public);
        world.coordinator.is_ready_muted = is_ready_muted;
        world.start_pair();
        while world.hosts[0].engine.status(world.now).peers.is_empty() {
            world.run(Duration::from_millis(10));
            assert!(world.elapsed() < MINUTE);
        }
        let took = world.elapsed().as_millis();
        assert!(took >= earliest.into() && took <= latest.into(), "muted: {is_ready_muted}, took {took} ms");
        world.run(SECOND);
        // Only a peer that said it is ready is kept alive, and so shaken hands with, without data.
        assert_eq!(handshakes(&world), usize::from(!is_ready_muted));
        assert!(world.ping(0, 1, PingKind::Tsmp).is_some());
    };
    check(false, 150, 400);
    check(true, 5100, 5400);
}

#[test]
fn keys_are_renewed_under_traffic_without_loss() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.seen.clear();
    let (to_client, to_agent) = world.chat(0, 1, 400 * SECOND);
    assert_eq!(handshakes(&world), 3);
    assert!(to_client >= 3999 && to_agent >= 3999, "{to_client} and {to_agent} of 4000");
}

#[test]
fn a_handshake_that_is_lost_is_repeated() {
    let mut world = World::default();
    world.add(Role::Client, NatKind::Public);
    world.add(Role::Agent, NatKind::Public);
    for host in &mut world.hosts {
        host.is_udp_blocked = true;
    }
    world.start_pair();
    world.run(Duration::from_millis(150));
    let reachable = std::mem::take(&mut world.hosts[0].relays);
    world.run(2 * SECOND);
    assert!(world.hosts[0].engine.status(world.now).peers[0].last_handshake.is_none());
    world.hosts[0].relays = reachable;
    world.run(6 * SECOND);
    assert!(world.hosts[0].engine.status(world.now).peers[0].last_handshake.is_some());
}

/// A workspace that has only just started names its home before its relay knows it.
#[test]
fn a_peer_that_its_relay_knows_late_is_reached_soon_after() {
    for late in [100, 400, 900, 1700] {
        let mut world = World::default();
        world.add(Role::Client, NatKind::Public);
        world.add(Role::Agent, NatKind::Public);
        for host in &mut world.hosts {
            host.is_udp_blocked = true;
        }
        world.hosts[1].connect_time = Duration::from_millis(late);
        world.start_pair();
        while world.hosts[0].engine.status(world.now).peers.is_empty() {
            world.run(Duration::from_millis(10));
        }
        world.send(0, 1, "the first word");
        let limit = Duration::from_millis(late) + Duration::from_millis(late).max(SECOND / 4) + SECOND / 2;
        while world.hosts[1].received.is_empty() {
            assert!(world.elapsed() < limit, "{late} ms late");
            world.run(Duration::from_millis(10));
        }
    }
}

#[test]
fn two_ends_that_begin_at_the_same_instant_both_have_their_say() {
    for offset in 0..60 {
        let mut world = World::pair(NatKind::Public, NatKind::Public);
        while world.hosts.iter().any(|host| host.engine.status(world.now).peers.is_empty()) {
            world.run(Duration::from_millis(1));
        }
        world.send(0, 1, "to the agent");
        world.run(Duration::from_millis(offset));
        world.send(1, 0, "to the client");
        world.run(SECOND / 2);
        let received: Vec<usize> = world.hosts.iter().map(|host| host.received.len()).collect();
        assert_eq!(received, [1, 1], "the agent begins {offset} ms later");
    }
}

#[test]
fn peers_with_different_homes_meet_in_one_of_them() {
    let mut world = World::default();
    world.add(Role::Client, NatKind::Symmetric);
    world.add(Role::Agent, NatKind::Symmetric);
    world.hosts[1].relays = [(2, Duration::from_millis(30))].into();
    world.start_pair();
    world.run(2 * SECOND);
    assert_eq!((world.hosts[0].home, world.hosts[1].home), (1, 2));
    let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
    assert!(to_client >= 97 && to_agent >= 97, "{to_client} and {to_agent} of 100");
    assert_eq!(world.path(0, 1), Path::Relay(2));
    assert_eq!(world.path(1, 0), Path::Relay(2), "the agent answers by the way that is known to work");
}

#[test]
fn with_endpoints_blocked_no_datagram_is_sent_or_read() {
    let mut world = World::default();
    world.add(Role::Client, NatKind::Public);
    world.add(Role::Agent, NatKind::Public);
    let now = world.now;
    world.act(1, |engine| engine.set_relay_only(true, false, now));
    world.start_pair();
    world.run(2 * SECOND);
    let (to_client, to_agent) = world.chat(0, 1, MINUTE);
    assert!(to_client >= 598 && to_agent >= 598, "{to_client} and {to_agent} of 600");
    assert!(!world.is_direct(0, 1) && !world.is_direct(1, 0));
    let from_agent = |seen: &&Seen| matches!(seen, Seen::Udp { from, .. } if from.ip() == world.hosts[1].nat.public());
    assert_eq!(world.seen.iter().filter(from_agent).count(), 0);
    assert!(world.hosts[1].engine.status(world.now).endpoints.is_empty());
    let pong = world.ping(0, 1, PingKind::Disco).expect("disco through the relay is still answered");
    assert_eq!(pong.path, Path::Relay(1));
    // The control: switched off again, a direct path is found.
    let now = world.now;
    world.act(1, |engine| engine.set_relay_only(false, false, now));
    world.chat(0, 1, 30 * SECOND);
    assert!(world.is_direct(0, 1) && world.is_direct(1, 0));
}

#[test]
fn an_idle_pair_is_quiet() {
    let mut world = settled(NatKind::Cone, NatKind::Cone);
    world.run(20 * MINUTE);
    world.seen.clear();
    let netchecks = world.hosts[0].netchecks;
    world.run(60 * MINUTE);
    let pings = world.seen.iter().filter(|seen| matches!(seen, Seen::Udp { data, .. } if data.len() == 1310)).count();
    assert_eq!(pings, 0, "no heartbeat without data");
    // The client's keep-alive every 25 s, on both ways because nothing proves the direct one any more.
    assert!(world.seen.len() < 400, "{} packets in an hour", world.seen.len());
    assert_eq!(world.hosts[0].netchecks, netchecks);
    world.chat(0, 1, 5 * SECOND);
    assert!(world.is_direct(0, 1), "and it wakes up");
}

#[test]
fn home_moves_for_a_good_reason_only() {
    let mut world = World::pair(NatKind::Public, NatKind::Public);
    world.run(2 * SECOND);
    assert_eq!(world.hosts[0].home, 1);
    world.hosts[0].relays.insert(2, Duration::from_millis(12));
    world.chat(0, 1, 2 * MINUTE);
    assert_eq!(world.hosts[0].home, 1, "3 ms better is noise");
    world.hosts[0].relays.remove(&1);
    world.chat(0, 1, 2 * MINUTE);
    assert_eq!(world.hosts[0].home, 2, "unreachable is a reason");
    let (to_client, to_agent) = world.chat(0, 1, 10 * SECOND);
    assert!(to_client >= 99 && to_agent >= 99);
}

#[test]
fn a_restarted_control_session_under_a_new_id_takes_over_when_the_old_one_is_lost() {
    let mut world = settled(NatKind::Public, NatKind::Public);
    world.hosts[0].is_udp_blocked = true;
    world.add_with_key(Role::Client, NatKind::Public, NodePrivate::from_bytes([1; 32]));
    world.start(2);
    let (agent, now) = (world.hosts[1].id, world.now);
    world.act(2, |engine| engine.add_tunnel(agent, now));
    world.run(10 * SECOND);
    let ids =
        |world: &World| world.hosts[1].engine.status(world.now).peers.iter().map(|peer| peer.id).collect::<Vec<_>>();
    assert_eq!(ids(&world), [world.hosts[0].id], "a key that somebody uses is nobody else's");
    world.cut_control(0, Some(PeerUpdateKind::Lost));
    world.run(SECOND);
    assert_eq!(ids(&world), [world.hosts[2].id]);
}
