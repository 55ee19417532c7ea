//! Measures one TCP stream between two meshes of this process over UDP of the loopback: `throughput [seconds [relay-port]]`. Prints
//! one line of JSON. Not a test: `make bench` reads it and compares with other peers.
//!
//! A few lines of relay and coordinator bring the two together; the measured stream is direct. With the port of a relay
//! on 127.0.0.1 (plain HTTP) that one is used, and the stream stays on it.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddrV6};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::BytesMut;
use mesh::driver::{Coordination, Path, RelayTransport, Role, Unhandled};
use mesh::{Mesh, MeshConfig};
use proto::address;
use proto::derp::login::ServerInfo;
use proto::derp::{Decoder, Frame};
use proto::derp_map::{DerpMap, EMBEDDED_REGION, Node, Region};
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate, NodePublic};
use proto::tailnet::{CoordinateRequest, CoordinateResponse, PeerUpdate, PeerUpdateKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use uuid::Uuid;

const PORT: u16 = 3;
const CHUNK: usize = 256 << 10;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout)]
async fn main() -> anyhow::Result<()> {
    let seconds = std::env::args().nth(1).map_or(Ok(5), |text| text.parse()).context("seconds")?;
    let foreign_relay: Option<u16> = std::env::args().nth(2).map(|text| text.parse()).transpose().context("port")?;
    let map = match foreign_relay {
        Some(port) => map(port),
        None => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let map = map(listener.local_addr()?.port());
            tokio::spawn(relay(listener));
            map
        }
    };
    let is_relayed = foreign_relay.is_some();
    let (client, client_id) = start(Role::Client, &map, is_relayed).await?;
    let (daemon, daemon_id) = start(Role::Agent, &map, is_relayed).await?;
    let (a, b) = (client.coordinate(), daemon.coordinate());
    let Coordination { requests: from_client, responses: to_client } = a;
    let Coordination { requests: from_daemon, responses: to_daemon } = b;
    tokio::spawn(forward(client_id, from_client, to_daemon));
    tokio::spawn(forward(daemon_id, from_daemon, to_client));
    client.add_tunnel(daemon_id);
    let target = address::of_agent(daemon_id.0)[0];
    client.await_reachable(target, Duration::from_secs(20)).await?;
    while !is_relayed && !matches!(client.ping(target, Duration::from_secs(5)).await?.path, Path::Direct(_)) {}

    let latency = round_trips(&client, target).await?;
    let mut listener = daemon.listen_tcp(PORT).await?;
    let receiver = tokio::spawn(async move {
        let mut stream = listener.accept().await.context("the daemon stopped")?;
        let mut buffer = vec![0; CHUNK];
        let (mut total, mut started) = (0u64, None);
        loop {
            let length = stream.read(&mut buffer).await?;
            let now = now();
            let start = *started.get_or_insert(now);
            if length == 0 {
                return anyhow::Ok((total, now - start));
            }
            total += length as u64;
        }
    });
    let mut stream = client.dial_tcp(SocketAddrV6::new(target, PORT, 0, 0)).await?;
    let chunk = vec![0x5a; CHUNK];
    let until = now() + Duration::from_secs(seconds);
    while now() < until {
        stream.write_all(&chunk).await?;
    }
    stream.shutdown().await?;
    let (bytes, took) = receiver.await??;
    let megabits = bytes as f64 * 8.0 / took.as_secs_f64() / 1e6;
    println!(
        r#"{{"mbit_per_second": {megabits:.0}, "bytes": {bytes}, "seconds": {:.2}, "ping_p50_us": {}}}"#,
        took.as_secs_f64(),
        latency.as_micros()
    );
    Ok(())
}

#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}

/// Median round trip of an inner packet and back.
async fn round_trips(client: &Mesh, target: std::net::Ipv6Addr) -> anyhow::Result<Duration> {
    let mut all = Vec::new();
    for _ in 0..200 {
        let start = now();
        client.await_reachable(target, Duration::from_secs(5)).await?;
        all.push(now() - start);
    }
    all.sort();
    Ok(all[all.len() / 2])
}

fn map(port: u16) -> DerpMap {
    let node = Node {
        host_name: Ipv4Addr::LOCALHOST.to_string(),
        derp_port: i32::from(port),
        stun_port: -1,
        force_http: true,
        ..Node::default()
    };
    let region = Region { region_id: EMBEDDED_REGION, nodes: vec![node], ..Region::default() };
    DerpMap { home_params: None, regions: [(EMBEDDED_REGION, region)].into() }
}

async fn start(role: Role, map: &DerpMap, is_relayed: bool) -> anyhow::Result<(Mesh, PeerId)> {
    let id = Uuid::from_bytes(random()?);
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes(random()?),
        disco_key: DiscoPrivate::from_bytes(random()?),
        node_id: i64::from(u32::from_ne_bytes(random()?)),
        addresses: match role {
            Role::Agent => address::of_agent(id).to_vec(),
            Role::Client => vec![address::under(address::LEGACY_PREFIX, id)],
        },
        role,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: is_relayed,
        force_websockets: false,
        relay_headers: Vec::new(),
        relay_transport: RelayTransport::default(),
        derp_map: map.clone(),
    };
    Ok((Mesh::start(config).await?, PeerId(id)))
}

/// Who is connected to the relay.
type Clients = Arc<Mutex<HashMap<NodePublic, mpsc::Sender<Frame>>>>;

async fn relay(listener: TcpListener) -> anyhow::Result<()> {
    let key = NodePrivate::from_bytes(random()?);
    let clients = Clients::default();
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(relay_connection(stream, key.clone(), clients.clone()));
    }
}

async fn relay_connection(mut stream: TcpStream, key: NodePrivate, clients: Clients) -> anyhow::Result<()> {
    let mut head = [0; 1024];
    let length = stream.read(&mut head).await?;
    if head[..length].starts_with(b"GET /derp/latency-check ") {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
        return Ok(());
    }
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n").await?;
    let (mut read, mut write) = stream.into_split();
    let (sender, mut queue) = mpsc::channel(1024);
    sender.send(Frame::ServerKey(key.public())).await?;
    tokio::spawn(async move {
        while let Some(frame) = queue.recv().await {
            let mut out = BytesMut::new();
            let _: Result<(), _> = Frame::encode(&frame, &mut out);
            if write.write_all(&out).await.is_err() {
                return;
            }
        }
    });
    let mut decoder = Decoder::new();
    let mut from = NodePublic([0; 32]);
    while read.read_buf(decoder.buffer()).await? > 0 {
        while let Some(frame) = decoder.next_frame()? {
            let mut clients = clients.lock().map_err(|_| anyhow::anyhow!("another connection panicked"))?;
            match frame {
                Frame::ClientInfo { key: client, .. } => {
                    from = client;
                    sender.try_send(ServerInfo::default().seal(&key, &client, random()?)?)?;
                    clients.insert(client, sender.clone());
                }
                Frame::SendPacket { to, data } => {
                    let _ = clients.get(&to).map(|peer| peer.try_send(Frame::RecvPacket { from, data }));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

async fn forward(
    from: PeerId,
    mut requests: mpsc::Receiver<CoordinateRequest>,
    responses: mpsc::Sender<CoordinateResponse>,
) {
    let update =
        |kind: PeerUpdateKind, node| PeerUpdate { id: from.to_wire(), node, kind: kind as i32, reason: String::new() };
    while let Some(request) = requests.recv().await {
        let mut peer_updates = Vec::new();
        peer_updates.extend(request.update_self.map(|own| update(PeerUpdateKind::Node, own.node)));
        peer_updates
            .extend(request.ready_for_handshake.iter().map(|_| update(PeerUpdateKind::ReadyForHandshake, None)));
        if responses.send(CoordinateResponse { peer_updates, error: String::new() }).await.is_err() {
            return;
        }
    }
}
