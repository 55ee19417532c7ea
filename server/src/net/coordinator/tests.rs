//! The coordinator's rules as sentences: one story per row, and random churn against a naive model.

mod churn;

use proto::id::{AgentId, PeerId};
use proto::tailnet::{
    CoordinateRequest, CoordinateResponse, Disconnect, Node, PeerUpdateKind, ReadyForHandshake, Tunnel, UpdateSelf,
};
use uuid::Uuid;

use super::outbox::{MAX_RESPONSES, Output};
use super::request::MAX_NODE;
use super::state::{Departure, OVERWRITTEN, SessionId, State, TOO_SLOW};
use super::{Access, Request};

fn peer(number: u8) -> PeerId {
    PeerId(Uuid::from_bytes([number; 16]))
}

/// A record that tells versions apart by `version`.
fn node(version: i64) -> Node {
    Node {
        id: version,
        key: [b"np".as_slice(), &[7; 32]].concat(),
        disco: format!("discokey:{}", "ab".repeat(32)),
        preferred_derp: 999,
        ..Default::default()
    }
}

fn node_of_agent(agent: PeerId, version: i64) -> Node {
    let addresses: Vec<String> = proto::address::of_agent(agent.0).iter().map(|ip| format!("{ip}/128")).collect();
    Node { addresses: addresses.clone(), allowed_ips: addresses, ..node(version) }
}

fn update(node: Node) -> Request {
    Request { node: Some(node), ..Default::default() }
}

fn add(peer: PeerId) -> Request {
    Request { add: Some(peer), ..Default::default() }
}

fn remove(peer: PeerId) -> Request {
    Request { remove: Some(peer), ..Default::default() }
}

fn ready(peers: &[PeerId]) -> Request {
    Request { ready: peers.to_vec(), ..Default::default() }
}

fn goodbye() -> Request {
    Request { disconnect: true, ..Default::default() }
}

/// Everything that waits for a session, one short text each: `node 2 v7`, `lost 2`, `error …`, `end`.
fn drain(state: &mut State, session: SessionId) -> Vec<String> {
    let mut said = Vec::new();
    while let Some(output) = state.poll(session) {
        match output {
            Output::Send(response) => said.extend(texts(response)),
            Output::End => {
                said.push("end".into());
                break;
            }
        }
    }
    said
}

fn texts(response: CoordinateResponse) -> Vec<String> {
    let updates = response.peer_updates.into_iter().map(|update| {
        let who = update.id[0];
        match PeerUpdateKind::try_from(update.kind).unwrap() {
            PeerUpdateKind::Node => format!("node {who} v{}", update.node.unwrap().id),
            PeerUpdateKind::Disconnected => format!("disconnected {who}"),
            PeerUpdateKind::Lost => format!("lost {who}"),
            PeerUpdateKind::ReadyForHandshake => format!("ready {who}"),
            PeerUpdateKind::Unspecified => "unspecified".into(),
        }
    });
    let mut said: Vec<String> = updates.collect();
    if !response.error.is_empty() {
        said.push(format!("error {}", response.error));
    }
    said
}

/// Agent 1 and client 2 with a tunnel, both told; returns their sessions.
fn pair(state: &mut State) -> (SessionId, SessionId) {
    let agent = state.handle_connected(peer(1), Access::Agent);
    let client = state.handle_connected(peer(2), Access::OneAgent(AgentId(peer(1).0)));
    state.handle_request(agent, update(node_of_agent(peer(1), 10)), false).unwrap();
    state.handle_request(client, update(node(20)), false).unwrap();
    state.handle_request(client, add(peer(1)), false).unwrap();
    assert_eq!(drain(state, agent), ["node 2 v20"]);
    assert_eq!(drain(state, client), ["node 1 v10"]);
    (agent, client)
}

type Step = fn(&mut State, SessionId, SessionId);

/// From the connected pair: what the agent and the client hear after `step`.
#[track_caller]
fn check(what: &str, step: Step, agent_hears: &[&str], client_hears: &[&str]) {
    let mut state = State::default();
    let (agent, client) = pair(&mut state);
    step(&mut state, agent, client);
    assert_eq!(drain(&mut state, agent), agent_hears, "agent, {what}");
    assert_eq!(drain(&mut state, client), client_hears, "client, {what}");
}

#[test]
fn each_rule_of_a_shared_tunnel() {
    let not_shared = format!("error ready for handshake error: you do not share a tunnel with \"{}\"", peer(9));
    let overwritten = format!("error {OVERWRITTEN}");
    check("same record again", |s, _, c| s.handle_request(c, update(node(20)), false).unwrap(), &[], &[]);
    check("new record", |s, _, c| s.handle_request(c, update(node(21)), false).unwrap(), &["node 2 v21"], &[]);
    check("ready", |s, a, _| s.handle_request(a, ready(&[peer(2)]), false).unwrap(), &[], &["ready 1"]);
    check(
        "ready for a stranger is not fatal",
        |s, a, _| s.handle_request(a, ready(&[peer(9), peer(2)]), false).unwrap(),
        &[&not_shared],
        &["ready 1"],
    );
    check(
        "the tunnel closes",
        |s, _, c| s.handle_request(c, remove(peer(1)), false).unwrap(),
        &["disconnected 2"],
        &["disconnected 1"],
    );
    check(
        "a closed tunnel opens again with fresh records",
        |s, _, c| {
            s.handle_request(c, remove(peer(1)), false).unwrap();
            s.handle_request(c, add(peer(1)), false).unwrap();
        },
        &["disconnected 2", "node 2 v20"],
        &["disconnected 1", "node 1 v10"],
    );
    check("adding twice says nothing", |s, _, c| s.handle_request(c, add(peer(1)), false).unwrap(), &[], &[]);
    check("removing what is not there", |s, _, c| s.handle_request(c, remove(peer(5)), false).unwrap(), &[], &[]);
    check(
        "the client says goodbye",
        |s, _, c| s.handle_request(c, goodbye(), false).unwrap(),
        &["disconnected 2"],
        &["end"],
    );
    check("the client breaks", |s, _, c| s.handle_closed(c, Departure::Lost), &["lost 2"], &["end"]);
    check(
        "the client is revoked",
        |s, _, c| s.handle_closed(c, Departure::Disconnected),
        &["disconnected 2"],
        &["end"],
    );
    check(
        "a broken client is not reported twice",
        |s, _, c| {
            s.handle_closed(c, Departure::Lost);
            s.handle_closed(c, Departure::Disconnected);
        },
        &["lost 2"],
        &["end"],
    );
    check("the agent breaks", |s, a, _| s.handle_closed(a, Departure::Lost), &["end"], &["lost 1"]);
    check(
        "the agent comes back: the client's tunnel is still there",
        |s, a, _| {
            s.handle_closed(a, Departure::Lost);
            let again = s.handle_connected(peer(1), Access::Agent);
            s.handle_request(again, update(node_of_agent(peer(1), 11)), false).unwrap();
            assert_eq!(drain(s, again), ["node 2 v20"]);
        },
        &["end"],
        &["lost 1", "node 1 v11"],
    );
    check(
        "a client that comes back must open its tunnel again",
        |s, _, c| {
            s.handle_closed(c, Departure::Lost);
            let again = s.handle_connected(peer(2), Access::OneAgent(AgentId(peer(1).0)));
            s.handle_request(again, update(node(22)), false).unwrap();
            assert!(drain(s, again).is_empty());
        },
        &["lost 2"],
        &["end"],
    );
    check(
        "a newer stream takes the id: nobody is lost, the newer one hears all at once",
        |s, _, _| {
            let again = s.handle_connected(peer(2), Access::OneAgent(AgentId(peer(1).0)));
            assert_eq!(drain(s, again), ["node 1 v10"]);
            s.handle_request(again, update(node(23)), false).unwrap();
        },
        &["node 2 v23"],
        &[&overwritten, "end"],
    );
    check(
        "the overwritten stream has no voice and its end says nothing",
        |s, _, c| {
            s.handle_connected(peer(2), Access::OneAgent(AgentId(peer(1).0)));
            s.handle_request(c, update(node(99)), false).unwrap();
            s.handle_closed(c, Departure::Lost);
        },
        &[],
        &["end"],
    );
    check(
        "a newer stream with less access loses the tunnels it may not have",
        |s, _, _| {
            s.handle_connected(peer(2), Access::OneAgent(AgentId(peer(8).0)));
        },
        &["disconnected 2"],
        &[&overwritten, "end"],
    );
}

#[test]
fn refusals_end_the_stream_and_others_see_it_lost() {
    type Row = (&'static str, Access, Request, bool, Option<&'static str>);
    let agent = Access::Agent;
    let one = Access::OneAgent(AgentId(peer(3).0));
    let mine = || node_of_agent(peer(1), 1);
    let with = |addresses: &[&str], allowed: &[&str]| Node {
        addresses: addresses.iter().map(ToString::to_string).collect(),
        allowed_ips: allowed.iter().map(ToString::to_string).collect(),
        ..node(1)
    };
    let foreign = node_of_agent(peer(2), 1);
    let rows: Vec<Row> = vec![
        ("agent with its own addresses", agent, update(mine()), false, None),
        ("agent with no address yet", agent, update(node(1)), false, None),
        ("agent with another's address", agent, update(foreign), false, Some("must be the addresses of this agent")),
        (
            "agent whose allowed_ips are wider than its addresses",
            agent,
            update(Node { allowed_ips: vec!["fd7a:115c:a1e0::5/128".into()], ..mine() }),
            false,
            Some("node allowed_ips must be the addresses of this agent"),
        ),
        (
            "agent with a whole prefix",
            agent,
            update(Node { addresses: vec!["fd7a:115c:a1e0::/48".into()], ..mine() }),
            false,
            Some("must be single addresses"),
        ),
        ("agent opens a tunnel", agent, add(peer(2)), true, Some("agents may not open tunnels")),
        ("client of one agent reaches it", one, add(peer(3)), false, None),
        ("client of one agent reaches another", one, add(peer(4)), true, Some("not authorized to open a tunnel")),
        ("user reaches an agent", Access::Reachable, add(peer(4)), true, None),
        ("user may not reach it", Access::Reachable, add(peer(4)), false, Some("not authorized to open a tunnel")),
        ("client may have any single address", one, update(with(&["fd00::1/128"], &["fd00::2/128"])), false, None),
        ("client with /64", one, update(with(&["fd00::1/64"], &[])), false, Some("must be single addresses")),
        ("client with /64 allowed", one, update(with(&[], &["fd00::1/64"])), false, Some("must be single addresses")),
        ("client with IPv4", one, update(with(&["10.0.0.1/32"], &[])), false, Some("must be single addresses")),
        ("client says ready", one, ready(&[peer(3)]), false, Some("clients may not send ready_for_handshake")),
        ("client removes any tunnel", one, remove(peer(4)), false, None),
    ];
    for (what, access, request, may_reach, refused) in rows {
        let mut state = State::default();
        let session = state.handle_connected(peer(1), access);
        let result = state.handle_request(session, request, may_reach);
        let said = drain(&mut state, session);
        match refused {
            None => assert!(result.is_ok() && said.is_empty(), "{what}: {said:?}"),
            Some(text) => {
                assert!(result.unwrap_err().to_string().contains(text), "{what}");
                assert!(said[0].starts_with("error ") && said[0].contains(text), "{what}: {said:?}");
                assert_eq!(said[1..], ["end"], "{what}");
                assert_eq!(state.peer_count(), 0, "{what}");
            }
        }
    }
}

#[test]
fn requests_without_meaning_are_named() {
    let good = CoordinateRequest {
        update_self: Some(UpdateSelf { node: Some(node_of_agent(peer(1), 1)) }),
        disconnect: Some(Disconnect {}),
        add_tunnel: Some(Tunnel { id: vec![1; 16] }),
        remove_tunnel: Some(Tunnel { id: vec![2; 16] }),
        ready_for_handshake: vec![ReadyForHandshake { id: vec![3; 16] }],
    };
    let with_node = |change: fn(&mut Node)| {
        let mut changed = node_of_agent(peer(1), 1);
        change(&mut changed);
        CoordinateRequest { update_self: Some(UpdateSelf { node: Some(changed) }), ..Default::default() }
    };
    let rows = [
        (good.clone(), ""),
        (CoordinateRequest::default(), ""),
        (CoordinateRequest { add_tunnel: Some(Tunnel { id: vec![1; 15] }), ..good.clone() }, "add_tunnel"),
        (CoordinateRequest { remove_tunnel: Some(Tunnel { id: vec![] }), ..good.clone() }, "remove_tunnel"),
        (
            CoordinateRequest { ready_for_handshake: vec![ReadyForHandshake { id: vec![0; 17] }], ..good.clone() },
            "ready_for_handshake",
        ),
        (
            CoordinateRequest {
                ready_for_handshake: vec![ReadyForHandshake { id: vec![0; 16] }; 1025],
                ..good.clone()
            },
            "1025 ids",
        ),
        (CoordinateRequest { update_self: Some(UpdateSelf { node: None }), ..good }, "carries no node"),
        (with_node(|node| node.key = vec![1; 32]), "node's key is not a key"),
        (with_node(|node| node.disco = "discokey:xy".into()), "node's disco is not a key"),
        (with_node(|node| node.addresses.push("fd00::1".into())), "prefix in addresses"),
        (with_node(|node| node.allowed_ips.push("fd00::1/129".into())), "prefix in allowed_ips"),
        (with_node(|node| node.allowed_ips.push("10.0.0.1/33".into())), "prefix in allowed_ips"),
        (with_node(|node| node.endpoints = vec!["x".repeat(MAX_NODE)]), "bytes long"),
    ];
    for (message, text) in rows {
        match Request::from_wire(message) {
            Ok(_) => assert_eq!(text, ""),
            Err(error) => assert!(!text.is_empty() && error.to_string().contains(text), "{error}, not {text}"),
        }
    }
}

#[test]
fn a_peer_that_does_not_read_is_dropped_and_told() {
    let mut state = State::default();
    let (agent, client) = pair(&mut state);
    for version in 0..=MAX_RESPONSES as i64 {
        state.handle_request(client, update(node(100 + version)), false).unwrap();
    }
    assert_eq!(drain(&mut state, agent), [format!("error {TOO_SLOW}"), "end".into()]);
    assert_eq!(drain(&mut state, client), ["lost 1"]);
    assert!(state.node(peer(1)).is_none() && state.node(peer(2)).is_some());
}

#[test]
fn a_snapshot_comes_in_batches_that_fit_a_packet() {
    let mut state = State::default();
    let agents: Vec<PeerId> = (0..2_500_u128).map(|number| PeerId(Uuid::from_u128(number))).collect();
    for &id in &agents {
        let session = state.handle_connected(id, Access::Agent);
        state.handle_request(session, update(node_of_agent(id, 1)), false).unwrap();
    }
    let user = PeerId(Uuid::from_u128(9_999));
    let first = state.handle_connected(user, Access::Reachable);
    for &id in &agents[..500] {
        state.handle_request(first, add(id), true).unwrap();
        state.poll(first).unwrap();
    }
    for &id in &agents[500..] {
        state.handle_request(first, add(id), true).unwrap();
        state.poll(first).unwrap();
    }
    let again = state.handle_connected(user, Access::Reachable);
    let mut sizes = Vec::new();
    while let Some(Output::Send(response)) = state.poll(again) {
        sizes.push(response.peer_updates.len());
    }
    assert_eq!(sizes, [1024, 1024, 452]);
}
