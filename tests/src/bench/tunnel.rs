//! Two of our meshes in one process over loopback UDP, as the peer has two devices in one process: one TCP stream, and
//! round trips of one byte. The relay is a running `homeport-server`; the two tell each other who they are without a
//! coordinator.

use std::net::SocketAddrV6;
use std::time::{Duration, Instant};

use anyhow::Context;
use mesh::driver::{Coordination, Path, RelayTransport, Role, Unhandled};
use mesh::{Mesh, MeshConfig, TcpStream};
use proto::address::of_agent;
use proto::derp_map::{DerpMap, EMBEDDED_REGION, Node, Region};
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate};
use proto::tailnet::{CoordinateResponse, PeerUpdate, PeerUpdateKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

const PORT: u16 = 5001;

/// Two joined meshes with a direct path between them.
pub struct Pair {
    client: Mesh,
    server: Mesh,
    to: SocketAddrV6,
}

impl Pair {
    /// Joins two meshes through the relay at `url` and waits until they talk directly.
    pub async fn direct(url: &url::Url) -> anyhow::Result<Self> {
        let (server_id, client_id) = (PeerId(Uuid::new_v4()), PeerId(Uuid::new_v4()));
        let server = start(server_id, Role::Agent, url).await?;
        let client = start(client_id, Role::Client, url).await?;
        let (a, b) = (server.coordinate(), client.coordinate());
        introduce(a, server_id, b, client_id);
        client.add_tunnel(server_id);
        let address = of_agent(server_id.0)[0];
        let pair = Self { client, server, to: SocketAddrV6::new(address, PORT, 0, 0) };
        let limit = Duration::from_secs(20);
        tokio::time::timeout(limit, async {
            let _ = pair.client.await_reachable(address, limit).await;
            while !matches!(pair.client.ping(address, limit).await, Ok(pong) if matches!(pong.path, Path::Direct(_))) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .context("the two meshes did not find a direct path")?;
        Ok(pair)
    }

    async fn streams(&self) -> anyhow::Result<(TcpStream, TcpStream)> {
        let mut listener = self.server.listen_tcp(PORT).await?;
        let client = self.client.dial_tcp(self.to).await?;
        let server = listener.accept().await.context("the mesh stopped")?;
        Ok((client, server))
    }

    /// Megabits per second of one TCP stream.
    pub async fn throughput(&self, megabytes: u64) -> anyhow::Result<f64> {
        let (mut client, mut server) = self.streams().await?;
        let total = megabytes << 20;
        let start = Instant::now();
        let sender = tokio::spawn(async move {
            let block = vec![0; 64 << 10];
            for _ in 0..total / (64 << 10) {
                client.write_all(&block).await?;
            }
            client.shutdown().await
        });
        let mut block = vec![0; 256 << 10];
        let mut received = 0;
        loop {
            let read = server.read(&mut block).await?;
            if read == 0 {
                break;
            }
            received += read as u64;
        }
        sender.await??;
        anyhow::ensure!(received == total, "received {received} of {total} bytes");
        #[allow(clippy::cast_precision_loss)] // A rate for people.
        Ok(received as f64 * 8.0 / 1e6 / start.elapsed().as_secs_f64())
    }

    /// Median round trip of one byte in milliseconds.
    pub async fn latency(&self, rounds: usize) -> anyhow::Result<f64> {
        let (client, server) = self.streams().await?;
        round_trips(client, server, rounds).await
    }
}

/// Median round trip of one byte over two ends of a stream.
pub async fn round_trips<S>(mut client: S, mut server: S, rounds: usize) -> anyhow::Result<f64>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let echo = tokio::spawn(async move {
        let mut one = [0];
        while server.read_exact(&mut one).await.is_ok() {
            if server.write_all(&one).await.is_err() {
                break;
            }
        }
    });
    let mut times = Vec::with_capacity(rounds);
    let mut one = [1];
    for _ in 0..rounds {
        let start = Instant::now();
        client.write_all(&one).await?;
        client.read_exact(&mut one).await?;
        times.push(start.elapsed());
    }
    echo.abort();
    times.sort_unstable();
    Ok(times[rounds / 2].as_secs_f64() * 1000.0)
}

async fn start(id: PeerId, role: Role, url: &url::Url) -> anyhow::Result<Mesh> {
    let random = || {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map(|()| bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))
    };
    let node = Node { name: "999b".into(), region_id: EMBEDDED_REGION, stun_port: -1, ..Node::default() };
    let region = Region {
        embedded_relay: true,
        region_id: EMBEDDED_REGION,
        region_code: "coder".into(),
        nodes: vec![node],
        ..Region::default()
    };
    let map = DerpMap { home_params: None, regions: [(EMBEDDED_REGION, region)].into() };
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes(random()?),
        disco_key: DiscoPrivate::from_bytes(random()?),
        node_id: 1,
        addresses: of_agent(id.0).to_vec(),
        role,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: false,
        force_websockets: false,
        relay_headers: Vec::new(),
        relay_transport: RelayTransport::default(),
        derp_map: map.for_access_url(url),
    };
    Ok(Mesh::start(config).await?)
}

/// Carries what each says of itself to the other, as a coordinator would.
fn introduce(mut a: Coordination, a_id: PeerId, mut b: Coordination, b_id: PeerId) {
    tokio::spawn(async move {
        loop {
            let (request, from, to) = tokio::select! {
                Some(request) = a.requests.recv() => (request, a_id, &b.responses),
                Some(request) = b.requests.recv() => (request, b_id, &a.responses),
                else => return,
            };
            let mut updates = Vec::new();
            if let Some(node) = request.update_self.and_then(|update| update.node) {
                let kind = PeerUpdateKind::Node.into();
                updates.push(PeerUpdate {
                    id: from.0.as_bytes().to_vec(),
                    node: Some(node),
                    kind,
                    ..PeerUpdate::default()
                });
            }
            if !request.ready_for_handshake.is_empty() {
                let kind = PeerUpdateKind::ReadyForHandshake.into();
                updates.push(PeerUpdate { id: from.0.as_bytes().to_vec(), node: None, kind, ..PeerUpdate::default() });
            }
            if !updates.is_empty() {
                let _ = to.send(CoordinateResponse { peer_updates: updates, error: String::new() }).await;
            }
        }
    });
}
