//! Whole meshes in one process over real sockets of the loopback, with a small relay and a coordinator that forwards.

mod coordinator;
mod device;
mod relay;
mod transport;
mod way;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use proto::address;
use proto::derp_map::{DerpMap, EMBEDDED_REGION, Node, Region};
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use uuid::Uuid;

use super::*;
use relay::TestRelay;

/// Every test ends within this, or it failed.
const LIMIT: Duration = Duration::from_secs(30);

struct Peer {
    mesh: Mesh,
    id: PeerId,
    address: Ipv6Addr,
}

fn map(relay: SocketAddr) -> DerpMap {
    let node = Node {
        name: "test".to_owned(),
        region_id: EMBEDDED_REGION,
        host_name: relay.ip().to_string(),
        derp_port: i32::from(relay.port()),
        stun_port: -1,
        force_http: true,
        ..Node::default()
    };
    let region = Region { region_id: EMBEDDED_REGION, nodes: vec![node], ..Region::default() };
    DerpMap { home_params: None, regions: [(EMBEDDED_REGION, region)].into() }
}

/// A configuration with fresh keys, and its peer id.
fn config(role: Role, relay: &TestRelay) -> (MeshConfig, PeerId) {
    let id = Uuid::from_bytes(clock::random().unwrap());
    let addresses = match role {
        Role::Agent => address::of_agent(id).to_vec(),
        Role::Client => vec![address::under(address::LEGACY_PREFIX, id)],
    };
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes(clock::random().unwrap()),
        disco_key: DiscoPrivate::from_bytes(clock::random().unwrap()),
        node_id: i64::from(u32::from_ne_bytes(clock::random().unwrap())),
        addresses,
        role,
        unhandled: Unhandled::Loopback,
        udp_port: 0,
        block_endpoints: false,
        force_websockets: false,
        relay_headers: vec![("X-Test".to_owned(), "yes".to_owned())],
        relay_transport: RelayTransport::default(),
        derp_map: map(relay.address()),
    };
    (config, PeerId(id))
}

async fn peer(role: Role, relay: &TestRelay, change: impl FnOnce(&mut MeshConfig)) -> Peer {
    let (mut config, id) = config(role, relay);
    let address = config.addresses[0];
    change(&mut config);
    Peer { mesh: Mesh::start(config).await.unwrap(), id, address }
}

/// A client and a daemon with a tunnel between them.
async fn pair(relay: &TestRelay, change: impl Fn(&mut MeshConfig)) -> (Peer, Peer) {
    let (client, daemon) = (peer(Role::Client, relay, &change).await, peer(Role::Agent, relay, &change).await);
    coordinator::connect(&client.mesh, client.id, &daemon.mesh, daemon.id);
    client.mesh.add_tunnel(daemon.id);
    client.mesh.await_reachable(daemon.address, LIMIT).await.unwrap();
    (client, daemon)
}

fn at(peer: &Peer, port: u16) -> SocketAddrV6 {
    SocketAddrV6::new(peer.address, port, 0, 0)
}

fn relay_only(config: &mut MeshConfig) {
    config.block_endpoints = true;
}

/// Echoes every connection of a listener.
fn echo(mut listener: TcpListener) {
    tokio::spawn(async move {
        while let Some(stream) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = tokio::io::split(stream);
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
}

/// Sends and wants the same back.
async fn exchange(stream: &mut TcpStream, data: &[u8]) {
    let (mut read, mut write) = tokio::io::split(stream);
    let mut back = vec![0; data.len()];
    let (sent, received) = tokio::join!(write.write_all(data), read.read_exact(&mut back));
    sent.unwrap();
    received.unwrap();
    assert!(back == data, "other bytes came back");
}

/// Pings until the answer comes over the wanted kind of path.
async fn await_path(from: &Peer, to: &Peer, wanted: fn(Path) -> bool) {
    while !wanted(from.mesh.ping(to.address, LIMIT).await.unwrap().path) {
        tokio::task::yield_now().await;
    }
}

fn is_direct(path: Path) -> bool {
    matches!(path, Path::Direct(_))
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.expect("the test hangs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_starts_over_the_relay_and_goes_on_directly() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, |_| {}).await;
        echo(daemon.mesh.listen_tcp(7).await.unwrap());
        let mut stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
        assert_eq!(stream.peer_addr(), at(&daemon, 7));
        exchange(&mut stream, b"hello").await;
        await_path(&client, &daemon, is_direct).await;
        let data: Vec<u8> = (0..5_000_000u32).map(|at| (at % 251) as u8).collect();
        exchange(&mut stream, &data).await;
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "the echo closes, too");
        let status = client.mesh.status().await;
        assert_eq!(status.home_relay, EMBEDDED_REGION);
        assert!(status.peers.iter().any(|peer| peer.id == daemon.id && is_direct(peer.path)), "{status:?}");
        assert!(status.flows.sent_bytes > 5_000_000 && status.flows.tcp_connections >= 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_endpoints_blocked_everything_stays_on_the_relay() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, relay_only).await;
        echo(daemon.mesh.listen_tcp(7).await.unwrap());
        let mut stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
        exchange(&mut stream, &vec![7; 2_000_000]).await;
        for _ in 0..20 {
            let pong = client.mesh.ping(daemon.address, LIMIT).await.unwrap();
            assert_eq!(pong.path, Path::Relay(EMBEDDED_REGION));
        }
        assert!(client.mesh.status().await.endpoints.is_empty());
        assert!(relay.forwarded() > 2_000_000 / 1280 * 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_port_and_an_unknown_peer_are_named_at_once() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, |_| {}).await;
        // Port 1 of the loopback has no listener on any machine that runs this.
        let started = clock::now();
        let refused = client.mesh.dial_tcp(at(&daemon, 9)).await;
        assert!(matches!(refused, Err(MeshError::Refused(to)) if to == at(&daemon, 9)), "{refused:?}");
        assert!(clock::now() - started < Duration::from_secs(2));
        let nobody = Ipv6Addr::new(0xfd7a, 0x115c, 0xa1e0, 1, 2, 3, 4, 5);
        let unknown = client.mesh.dial_tcp(SocketAddrV6::new(nobody, 22, 0, 0)).await;
        assert!(matches!(unknown, Err(MeshError::UnknownPeer(address)) if address == nobody), "{unknown:?}");
        let limit = Duration::from_millis(200);
        let silent = client.mesh.await_reachable(nobody, limit).await;
        assert!(matches!(silent, Err(MeshError::Unreachable(..))), "{silent:?}");
        let taken = daemon.mesh.listen_tcp(7).await.unwrap();
        assert!(matches!(daemon.mesh.listen_tcp(7).await, Err(MeshError::PortTaken(7))));
        drop(taken);
        assert!(daemon.mesh.listen_tcp(7).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_without_listener_is_the_loopbacks() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, |_| {}).await;
        let mut hosts = vec![tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()];
        // A machine without IPv6 loopback has only the first half of this test.
        hosts.extend(tokio::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await);
        for host in hosts {
            let port = host.local_addr().unwrap().port();
            let serve = async {
                let (mut stream, _) = host.accept().await.unwrap();
                let mut request = Vec::new();
                stream.read_to_end(&mut request).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                stream.write_all(&request).await.unwrap();
            };
            let call = async {
                let mut stream = client.mesh.dial_tcp(at(&daemon, port)).await.unwrap();
                stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
                stream.shutdown().await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                answer
            };
            let ((), answer) = tokio::join!(serve, call);
            assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_reach_sockets_and_the_loopback() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, |_| {}).await;
        let (near, far) = (client.mesh.bind_udp(0).await.unwrap(), daemon.mesh.bind_udp(53).await.unwrap());
        near.send_to(b"question", at(&daemon, 53)).await.unwrap();
        let (question, from) = far.recv_from().await.unwrap();
        assert_eq!((question.as_ref(), from), (b"question".as_ref(), at(&client, near.port())));
        far.send_to(b"answer", from).await.unwrap();
        assert_eq!(near.recv_from().await.unwrap().0.as_ref(), b"answer");
        let long = near.send_to(&[0; 1233], from).await;
        assert!(matches!(long, Err(MeshError::TooLong(1233))), "{long:?}");

        let host = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = host.local_addr().unwrap().port();
        near.send_to(b"stray", at(&daemon, port)).await.unwrap();
        let mut buffer = [0; 64];
        let (length, sender) = host.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"stray");
        host.send_to(b"found", sender).await.unwrap();
        let (found, from) = near.recv_from().await.unwrap();
        assert_eq!((found.as_ref(), from), (b"found".as_ref(), at(&daemon, port)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relayed_stream_survives_the_relays_restart() {
    within(async {
        let mut relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, relay_only).await;
        echo(daemon.mesh.listen_tcp(7).await.unwrap());
        let mut stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
        exchange(&mut stream, b"before").await;
        relay.restart().await;
        exchange(&mut stream, b"after").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_map_that_comes_late_or_changes_is_used_at_once() {
    within(async {
        let (first, second) = (TestRelay::start().await, TestRelay::start().await);
        let change = |config: &mut MeshConfig| {
            relay_only(config);
            config.derp_map = DerpMap::default();
        };
        let (client, daemon) = (peer(Role::Client, &first, change).await, peer(Role::Agent, &first, change).await);
        coordinator::connect(&client.mesh, client.id, &daemon.mesh, daemon.id);
        client.mesh.add_tunnel(daemon.id);
        for relay in [&first, &second] {
            client.mesh.set_derp_map(map(relay.address()));
            daemon.mesh.set_derp_map(map(relay.address()));
            let before = relay.forwarded();
            while relay.forwarded() < before + 4 {
                let _ = client.mesh.await_reachable(daemon.address, Duration::from_millis(500)).await;
            }
        }
        client.mesh.await_reachable(daemon.address, LIMIT).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_websocket_form_works_forced_and_after_a_refusal() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, |config| {
            config.block_endpoints = true;
            config.force_websockets = true;
        })
        .await;
        assert!(relay.websockets() >= 2);
        echo(daemon.mesh.listen_tcp(7).await.unwrap());
        let mut stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
        exchange(&mut stream, &vec![9; 1_000_000]).await;

        let picky = TestRelay::start_without_plain_upgrade().await;
        let (client, daemon) = pair(&picky, relay_only).await;
        assert!(picky.websockets() >= 2);
        let pong = client.mesh.ping(daemon.address, LIMIT).await.unwrap();
        assert_eq!(pong.path, Path::Relay(EMBEDDED_REGION));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_stream_resets_it_and_a_stopped_mesh_ends_everything() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, |_| {}).await;
        let mut listener = daemon.mesh.listen_tcp(7).await.unwrap();
        let stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
        let mut accepted = listener.accept().await.unwrap();
        drop(stream);
        let reset = accepted.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);

        let mut stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
        let mut accepted = listener.accept().await.unwrap();
        stream.write_all(b"last words").await.unwrap();
        stream.shutdown().await.unwrap();
        client.mesh.shutdown().await;
        let mut words = String::new();
        accepted.read_to_string(&mut words).await.unwrap();
        assert_eq!(words, "last words", "what was closed in order is delivered before the end");
        assert!(stream.read(&mut [0; 8]).await.is_err());
        assert!(matches!(client.mesh.dial_tcp(at(&daemon, 7)).await, Err(MeshError::Stopped)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goodbye_does_not_overtake_what_was_written_before_it() {
    within(async {
        let relay = TestRelay::start().await;
        let (client, daemon) = pair(&relay, relay_only).await;
        let mut listener = daemon.mesh.listen_tcp(7).await.unwrap();
        let mut stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
        let mut accepted = listener.accept().await.unwrap();
        let data = vec![7; 100_000];
        stream.write_all(&data).await.unwrap();
        stream.shutdown().await.unwrap();
        // The coordinator of this test is faster than the relay: a goodbye said at once would arrive first, and the
        // daemon would end the stream of a peer that it has forgotten.
        client.mesh.disconnect();
        let (received, ()) = tokio::join!(
            async {
                let mut received = Vec::new();
                accepted.read_to_end(&mut received).await.map(|_| received)
            },
            client.mesh.shutdown()
        );
        assert!(received.unwrap() == data);
    })
    .await;
}
