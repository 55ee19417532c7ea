//! Relays: clients of the field (`tests/peers/relayclient`) through our server, and our mesh through derper.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use mesh::driver::{Coordination, Path, Role, Unhandled};
use mesh::{Mesh, MeshConfig};
use proto::address;
use proto::derp_map::{DerpMap, Node, Region};
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate};
use proto::tailnet::{CoordinateRequest, CoordinateResponse, PeerUpdate, PeerUpdateKind};
use server::config::Config;
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

/// One of two peers of a mesh that only meet through the relay.
async fn start(role: Role, number: u8, relay: SocketAddr) -> (Mesh, PeerId) {
    let id = Uuid::from_bytes([number; 16]);
    let node = Node {
        host_name: Ipv4Addr::LOCALHOST.to_string(),
        derp_port: i32::from(relay.port()),
        stun_port: -1,
        force_http: true,
        ..Node::default()
    };
    let region = Region { region_id: REGION, nodes: vec![node], ..Region::default() };
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes([number; 32]),
        disco_key: DiscoPrivate::from_bytes([number + 100; 32]),
        node_id: i64::from(number),
        addresses: vec![address::under(address::PREFIX, id)],
        role,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: true,
        force_websockets: false,
        relay_headers: Vec::new(),
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn our_meshes_meet_through_derper() {
    let folder = tempfile::tempdir().unwrap();
    let program = tests::bench::peers::build("tailscale.com/cmd/derper", "derper", folder.path()).unwrap();
    let relay = Derper::start(&program.expect("make interop needs Go"), folder.path()).await.unwrap();
    let (client, client_id) = start(Role::Client, 1, relay.address).await;
    let (daemon, daemon_id) = start(Role::Agent, 2, relay.address).await;
    let Coordination { requests: from_client, responses: to_client } = client.coordinate();
    let Coordination { requests: from_daemon, responses: to_daemon } = daemon.coordinate();
    tokio::spawn(forward(client_id, from_client, to_daemon));
    tokio::spawn(forward(daemon_id, from_daemon, to_client));
    client.add_tunnel(daemon_id);
    let target: Ipv6Addr = address::under(address::PREFIX, daemon_id.0);
    client.await_reachable(target, Duration::from_secs(30)).await.unwrap();
    let ping = client.ping(target, Duration::from_secs(30)).await.unwrap();
    assert_eq!(ping.path, Path::Relay(REGION));

    let mut listener = daemon.listen_tcp(PORT).await.unwrap();
    let echo = tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(listener.accept().await.unwrap());
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let data: Vec<u8> = (0..50_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
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
    assert!(back == data, "other bytes came back");
}
