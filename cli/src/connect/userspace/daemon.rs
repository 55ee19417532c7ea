//! One workspace daemon, looked at every few seconds: how it is reached, how fast, and what listens in it.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::pin::Pin;
use std::time::Duration;

use anyhow::Context;
use hyper::body::{Body, Bytes};
use hyper_util::rt::TokioIo;
use mesh::Mesh;
use mesh::driver::{Path, PeerStatus};
use proto::address::{LEGACY_PREFIX, under};
use proto::id::AgentId;
use proto::ipc::{Counters, DaemonPath};
use proto::rest::agent::ListeningPorts;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::deployment::News;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(5);
/// A daemon that is connected to its server answers within this.
const LIMIT: Duration = Duration::from_secs(30);
const PING_LIMIT: Duration = Duration::from_secs(3);
const HTTP_LIMIT: Duration = Duration::from_secs(5);
/// The daemon's HTTP API.
const API: u16 = 4;
/// Some thousand ports with their processes.
const MAX_BODY: usize = 1024 * 1024;

/// What a look showed.
#[derive(Debug, Clone)]
pub struct Seen {
    /// How packets go.
    pub path: DaemonPath,
    /// Their round trip.
    pub latency_ms: Option<f64>,
    /// Since the last handshake.
    pub handshake_age: Option<u64>,
    /// Traffic.
    pub counters: Counters,
    /// TCP ports, sorted; `None` when it did not say.
    pub ports: Option<Vec<u16>>,
}

/// Looks until it is dropped.
pub struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to look at a daemon.
pub fn watch(agent: AgentId, mesh: Mesh, news: mpsc::UnboundedSender<News>) -> Watch {
    let task = tokio::spawn(async move {
        let address = address(agent);
        loop {
            let seen = look(&mesh, address).await;
            if news.send(News::Seen(agent, seen)).is_err() {
                return;
            }
            tokio::time::sleep(PERIOD).await;
        }
    });
    Watch(task.abort_handle())
}

/// Its address in the mesh.
pub fn address(agent: AgentId) -> Ipv6Addr {
    under(LEGACY_PREFIX, agent.0)
}

async fn look(mesh: &Mesh, address: Ipv6Addr) -> Seen {
    // Only for its effect: handshake and path are there afterwards, or the rest says that they are not.
    let reachable = mesh.await_reachable(address, LIMIT).await;
    let pong = mesh.ping(address, PING_LIMIT).await.ok();
    let ports = match reachable {
        Ok(()) => tokio::time::timeout(HTTP_LIMIT, listening_ports(mesh, address)).await.ok().and_then(|ports| {
            ports.inspect_err(|error| tracing::debug!(%error, %address, "no list of listening ports")).ok()
        }),
        Err(_) => None,
    };
    let status = mesh.status().await;
    let peer = status.peers.iter().find(|peer| peer.addresses.contains(&address));
    let relay_ms =
        |region: i32| status.relay_latency.iter().find(|(id, _)| *id == region).map(|(_, span)| milliseconds(*span));
    Seen {
        path: match peer.map(|peer| peer.path) {
            Some(Path::Direct(address)) => DaemonPath::Direct { address },
            Some(Path::Relay(region)) => DaemonPath::Relay { region, relay_ms: relay_ms(region) },
            Some(Path::None) | None => DaemonPath::None,
        },
        latency_ms: pong.map(|pong| pong.latency).or(peer.and_then(|peer| peer.latency)).map(milliseconds),
        handshake_age: peer.and_then(|peer| peer.last_handshake).map(|age| age.as_secs()),
        counters: peer.map(counters).unwrap_or_default(),
        ports,
    }
}

fn counters(peer: &PeerStatus) -> Counters {
    Counters { received: peer.received_bytes, sent: peer.sent_bytes }
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

async fn listening_ports(mesh: &Mesh, address: Ipv6Addr) -> anyhow::Result<Vec<u16>> {
    let stream = mesh.dial_tcp(SocketAddrV6::new(address, API, 0, 0)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = hyper::Request::get("/api/v0/listening-ports").header("host", "daemon").body(Empty)?;
    let asked = async {
        let response = sender.send_request(request).await?;
        anyhow::ensure!(response.status().is_success(), "the daemon answered {}", response.status());
        body(response.into_body()).await
    };
    tokio::pin!(connection, asked);
    let body = tokio::select! {
        body = &mut asked => body?,
        ended = &mut connection => { ended?; asked.await? }
    };
    let answer: ListeningPorts = serde_json::from_slice(&body).context("the daemon's list is not understood")?;
    let mut ports: Vec<u16> =
        answer.ports.into_iter().filter(|port| port.network != "udp" && port.port != 0).map(|port| port.port).collect();
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

async fn body(mut body: hyper::body::Incoming) -> anyhow::Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Some(data) = frame?.data_ref() {
            anyhow::ensure!(all.len() + data.len() <= MAX_BODY, "the daemon's list is too long");
            all.extend_from_slice(data);
        }
    }
    Ok(all)
}

/// The body of a request without one.
struct Empty;

impl Body for Empty {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}
