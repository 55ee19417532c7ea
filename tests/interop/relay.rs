//! Relays: clients of the field (`tests/peers/relayclient`) through our server, and our mesh through derper.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use mesh::driver::{Coordination, Path, RelayTransport, Role, Unhandled};
use mesh::{Mesh, MeshConfig};
use proto::address;
use proto::derp_map::{DerpMap, Node, Region};
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate};
use proto::tailnet::{CoordinateRequest, CoordinateResponse, PeerUpdate, PeerUpdateKind};
use server::config::Config;
use sha2::{Digest, Sha256};
use tests::bench::peers::Derper;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::peer::{Program, within};

const REGION: i32 = 7;
const PORT: u16 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn clients_of_the_field_meet_through_our_relay() {
    let folder = tempfile::tempdir().unwrap();
    let server = server::start(Config::for_tests(folder.path().to_owned())).await.unwrap();
    let peer = Program::build("./relayclient");
    assert_eq!(peer.start(&[&format!("http://{}/derp", server.address)]).end().await, "derp ok\n");
    server.stop().await;
}

/// A relay as the two peers know it.
#[derive(Clone)]
struct Way {
    node: Node,
    force_websockets: bool,
    transport: RelayTransport,
}

impl Way {
    fn plain(relay: SocketAddr) -> Self {
        let node = Node {
            host_name: Ipv4Addr::LOCALHOST.to_string(),
            derp_port: i32::from(relay.port()),
            stun_port: -1,
            force_http: true,
            ..Node::default()
        };
        Self { node, force_websockets: false, transport: RelayTransport::default() }
    }

    fn sealed(relay: SocketAddr, name: &str, root: &[u8], force_websockets: bool) -> Self {
        let plain = Self::plain(relay).node;
        let node = Node {
            host_name: name.to_owned(),
            ipv4: relay.ip().to_string(),
            ipv6: "none".to_owned(),
            force_http: false,
            ..plain
        };
        let transport = RelayTransport { extra_roots: vec![root.to_vec()], ..RelayTransport::default() };
        Self { node, force_websockets, transport }
    }
}

/// One of two peers of a mesh that only meet through the relay.
async fn start(role: Role, number: u8, way: Way) -> (Mesh, PeerId) {
    let id = Uuid::from_bytes([number; 16]);
    let region = Region { region_id: REGION, nodes: vec![way.node], ..Region::default() };
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes([number; 32]),
        disco_key: DiscoPrivate::from_bytes([number + 100; 32]),
        node_id: i64::from(number),
        addresses: vec![address::under(address::PREFIX, id)],
        role,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: true,
        force_websockets: way.force_websockets,
        relay_headers: Vec::new(),
        relay_transport: way.transport,
        derp_map: DerpMap { home_params: None, regions: [(REGION, region)].into() },
    };
    (Mesh::start(config).await.unwrap(), PeerId(id))
}

/// Tells one peer what the other says of itself.
async fn forward(
    from: PeerId,
    mut requests: mpsc::Receiver<CoordinateRequest>,
    responses: mpsc::Sender<CoordinateResponse>,
) {
    let update =
        |kind: PeerUpdateKind, node| PeerUpdate { id: from.to_wire(), node, kind: kind.into(), reason: String::new() };
    while let Some(request) = requests.recv().await {
        let node = request.update_self.map(|own| update(PeerUpdateKind::Node, own.node));
        let ready = request.ready_for_handshake.iter().map(|_| update(PeerUpdateKind::ReadyForHandshake, None));
        let peer_updates = node.into_iter().chain(ready).collect();
        if responses.send(CoordinateResponse { peer_updates, error: String::new() }).await.is_err() {
            return;
        }
    }
}

/// Sends so many bytes there and back through the relay.
async fn meet(way: Way, length: usize) {
    let (client, client_id) = start(Role::Client, 1, way.clone()).await;
    let (daemon, daemon_id) = start(Role::Agent, 2, way).await;
    let Coordination { requests: from_client, responses: to_client } = client.coordinate();
    let Coordination { requests: from_daemon, responses: to_daemon } = daemon.coordinate();
    tokio::spawn(forward(client_id, from_client, to_daemon));
    tokio::spawn(forward(daemon_id, from_daemon, to_client));
    client.add_tunnel(daemon_id);
    let target: Ipv6Addr = address::under(address::PREFIX, daemon_id.0);
    if let Err(error) = client.await_reachable(target, Duration::from_secs(30)).await {
        panic!("{error}: {:?} {:?}", client.status().await.relay_problems, daemon.status().await.relay_problems);
    }
    let ping = client.ping(target, Duration::from_secs(30)).await.unwrap();
    assert_eq!(ping.path, Path::Relay(REGION));

    let mut listener = daemon.listen_tcp(PORT).await.unwrap();
    let echo = tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(listener.accept().await.unwrap());
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let mut data = vec![0; length];
    getrandom::fill(&mut data).unwrap();
    let mut back = Vec::new();
    let (mut read, mut write) = tokio::io::split(client.dial_tcp(SocketAddrV6::new(target, PORT, 0, 0)).await.unwrap());
    within(async {
        let write = async {
            write.write_all(&data).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let (_, read) = tokio::join!(write, read.read_to_end(&mut back));
        read.unwrap();
        echo.await.unwrap();
    })
    .await;
    assert_eq!(back.len(), data.len());
    assert_eq!(Sha256::digest(&back), Sha256::digest(&data), "other bytes came back");
}

fn build_derper(folder: &std::path::Path) -> std::path::PathBuf {
    let program = tests::bench::peers::build("tailscale.com/cmd/derper", "derper", folder).unwrap();
    program.expect("make interop needs Go")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn our_meshes_meet_through_derper() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Derper::start(&build_derper(folder.path()), folder.path(), &[]).await.unwrap();
    meet(Way::plain(relay.address), 5_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn our_meshes_meet_through_derper_with_tls_in_both_forms() {
    const NAME: &str = "relay.test";
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap();
    for (kind, text) in [("crt", made.cert.pem()), ("key", made.signing_key.serialize_pem())] {
        std::fs::write(folder.path().join(format!("{NAME}.{kind}")), text).unwrap();
    }
    let certificates = folder.path().to_str().unwrap();
    let options = ["-certmode", "manual", "-certdir", certificates, "-hostname", NAME, "-http-port", "-1"];
    let relay = Derper::start(&build_derper(folder.path()), folder.path(), &options).await.unwrap();
    for force_websockets in [false, true] {
        meet(Way::sealed(relay.address, NAME, made.cert.der(), force_websockets), 1_000_000).await;
    }
    // Without the root the relay is nobody.
    let mut stranger = Way::sealed(relay.address, NAME, &[], false);
    stranger.transport = RelayTransport::default();
    let (client, _) = start(Role::Client, 3, stranger).await;
    let said = within(async {
        loop {
            if let Some(problem) = client.status().await.relay_problems.remove(&REGION) {
                return problem;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(said.starts_with("relay.test showed a certificate that this computer does not trust"), "{said}");
}
