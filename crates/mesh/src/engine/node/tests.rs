//! Hostile and odd records, by role.

use proto::id::AgentId;
use uuid::Uuid;

use super::*;

const ID: PeerId = PeerId(Uuid::from_bytes([9; 16]));

fn good() -> Node {
    let addresses: Vec<String> =
        address::of_agent(AgentId(ID.0).0).iter().map(|found| format!("{found}/128")).collect();
    Node {
        id: 1,
        as_of: None,
        key: NodePublic([1; 32]).to_wire(),
        disco: DiscoPublic([2; 32]).to_string(),
        preferred_derp: 999,
        derp_latency: HashMap::new(),
        derp_forced_websocket: HashMap::new(),
        addresses: addresses.clone(),
        allowed_ips: addresses,
        endpoints: vec!["192.0.2.1:1".into()],
    }
}

#[test]
fn records_are_believed_as_far_as_the_id_allows() {
    let ours: Ipv6Addr = "fd60:627a:a42b::77".parse().unwrap();
    let check = |role: Role, change: &dyn Fn(&mut Node), expected: Result<usize, NodeError>| {
        let mut node = good();
        change(&mut node);
        let found = read(ID, &node, role, &[ours]).map(|known| known.addresses.len());
        assert_eq!(found, expected, "{role:?} {node:?}");
    };
    let allow = |ips: &'static [&'static str]| {
        move |node: &mut Node| node.allowed_ips = ips.iter().map(|ip| (*ip).into()).collect()
    };
    for role in [Role::Client, Role::Agent] {
        check(role, &|_| {}, Ok(2));
        check(role, &|node| node.preferred_derp = 0, Err(NodeError::Homeless));
        check(role, &|node| node.key.clear(), Err(NodeError::Key));
        check(role, &|node| node.key[0] = b'x', Err(NodeError::Key));
        check(role, &|node| node.disco = "discokey:12".into(), Err(NodeError::Disco));
        check(role, &|node| node.disco = "é".repeat(40), Err(NodeError::Disco));
        check(role, &allow(&[]), Err(NodeError::Address));
        check(role, &allow(&["0.0.0.0/0", "::/0", "fd60:627a:a42b::/48"]), Err(NodeError::Address));
        check(role, &allow(&["2001:db8::1/128", "::1/128", "127.0.0.1/32"]), Err(NodeError::Address));
        check(role, &allow(&["fd60:627a:a42b::77/128"]), Err(NodeError::Address));
        check(role, &allow(&["fd60:627a:a42b::53/128"]), Err(NodeError::Address));
        check(role, &|node| node.allowed_ips = vec!["x".repeat(1 << 20); 3], Err(NodeError::Address));
        check(role, &|node| node.allowed_ips = vec![node.allowed_ips[0].clone(); 5000], Ok(1));
        check(
            role,
            &|node| node.allowed_ips.push("fd60:627a:a42b::78/128".into()),
            Ok(if role == Role::Agent { 3 } else { 2 }),
        );
    }
    check(Role::Agent, &allow(&["fd60:627a:a42b::78/128"]), Ok(1));
    check(Role::Client, &allow(&["fd60:627a:a42b::78/128"]), Err(NodeError::Address));
}

#[test]
fn endpoints_are_capped_and_nonsense_is_left_out() {
    let mut node = good();
    node.endpoints = vec!["nonsense".into(), "192.0.2.1:99999".into(), "[2001:db8::1]:7".into()];
    assert_eq!(read(ID, &node, Role::Client, &[]).unwrap().endpoints, ["[2001:db8::1]:7".parse().unwrap()]);
    node.endpoints = vec!["192.0.2.1:1".into(); 10_000];
    assert_eq!(read(ID, &node, Role::Client, &[]).unwrap().endpoints.len(), MAX_ENDPOINTS);
}

#[test]
fn our_record_is_read_by_a_peer_as_we_meant_it() {
    let own = Own {
        id: 5,
        key: NodePublic([1; 32]),
        disco: DiscoPublic([2; 32]),
        addresses: address::of_agent(ID.0).into(),
        home: 999,
        endpoints: vec!["192.0.2.1:1".parse().unwrap(), "[2001:db8::1]:7".parse().unwrap()],
        forced_websocket: BTreeMap::new(),
    };
    let latency = Some(std::time::Duration::from_millis(250));
    let node = own.to_node(&[RelayLatency { region: 999, v4: latency, v6: None }], SystemTime::UNIX_EPOCH);
    assert_eq!(node.derp_latency, HashMap::from([("999-v4".into(), 0.25)]));
    let known = read(ID, &node, Role::Client, &[]).unwrap();
    assert_eq!((known.key, known.disco, known.home), (own.key, own.disco, 999));
    assert_eq!((known.addresses, known.endpoints), (own.addresses, own.endpoints));
}
