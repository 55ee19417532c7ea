//! The server's own place in the mesh: how a page reaches a workspace daemon (terminal, ports). It begins with the first
//! page that asks, and is a client like any other. Not here: who may reach whom, which the callers decide first.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use mesh::driver::{Coordination, RelayTransport, Role, Unhandled};
use mesh::{Mesh, MeshConfig, MeshError, TcpStream};
use proto::address::{LEGACY_PREFIX, under};
use proto::id::{AgentId, PeerId};
use proto::key::{DiscoPrivate, NodePrivate};
use proto::rest::agent::ListeningPorts;
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::state::{AppState, Event};
use crate::token;

/// How long a daemon that is connected to us may take to answer: a page waits for it.
const LIMIT: Duration = Duration::from_secs(15);
/// The daemon's HTTP API (spec `agent-rpc.md` 7).
const API_PORT: u16 = 4;
/// Longest answer of that API that is read: a port is some 60 bytes, and there are 65,535.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Why a daemon was not reached.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    #[error("this server's place in the mesh could not be taken: {0}")]
    Start(#[source] std::io::Error),
    #[error("the workspace daemon was not reached: {0}")]
    Mesh(#[from] MeshError),
    #[error("the workspace daemon did not answer within {} s", LIMIT.as_secs())]
    Silent,
    #[error("the workspace daemon gave an answer that makes no sense: {0}")]
    Answer(String),
}

/// See the module. Empty until somebody asks.
#[derive(Default)]
pub struct Peer {
    running: Mutex<Option<Mesh>>,
}

impl Peer {
    /// Opens a TCP connection to a port of a daemon. Whether the caller may must be settled.
    ///
    /// # Errors
    /// [`PeerError`], within [`LIMIT`] and a moment.
    pub async fn dial(&self, state: &AppState, agent: AgentId, port: u16) -> Result<TcpStream, PeerError> {
        let mesh = self.mesh(state).await?;
        let address = under(LEGACY_PREFIX, agent.0);
        mesh.add_tunnel(agent.into());
        mesh.await_reachable(address, LIMIT).await?;
        Ok(mesh.dial_tcp(SocketAddrV6::new(address, port, 0, 0)).await?)
    }

    /// What a daemon's machine listens on.
    ///
    /// # Errors
    /// [`PeerError`].
    pub async fn listening_ports(&self, state: &AppState, agent: AgentId) -> Result<ListeningPorts, PeerError> {
        let ask = async {
            let stream = self.dial(state, agent, API_PORT).await?;
            serde_json::from_slice(&get(stream, agent, "/api/v0/listening-ports").await?).map_err(answer)
        };
        tokio::time::timeout(LIMIT, ask).await.map_err(|_| PeerError::Silent)?
    }

    async fn mesh(&self, state: &AppState) -> Result<Mesh, PeerError> {
        let mut running = self.running.lock().await;
        if let Some(mesh) = &*running {
            return Ok(mesh.clone());
        }
        let mesh = Mesh::start(config(state).map_err(PeerError::Start)?).await?;
        tokio::spawn(keep_joined(state.clone(), mesh.clone()));
        Ok(running.insert(mesh).clone())
    }
}

fn config(state: &AppState) -> std::io::Result<MeshConfig> {
    let address: Ipv6Addr = under(LEGACY_PREFIX, Uuid::from_bytes(random()?));
    Ok(MeshConfig {
        node_key: NodePrivate::from_bytes(random()?),
        disco_key: DiscoPrivate::from_bytes(random()?),
        node_id: i64::from_be_bytes(random()?) & i64::MAX,
        addresses: vec![address],
        role: Role::Client,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: false,
        force_websockets: false,
        relay_headers: Vec::new(),
        relay_transport: RelayTransport::default(),
        derp_map: super::own_derp_map(state),
    })
}

/// Keeps the mesh at our coordinator, and forgets daemons that are gone, until the server stops.
async fn keep_joined(state: AppState, mesh: Mesh) {
    let peer = PeerId(Uuid::new_v4());
    let mut events = state.events.listen();
    let forget = async {
        loop {
            match events.recv().await {
                Ok(Event::AgentRetired { agent }) => mesh.remove_tunnel(agent.into()),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    };
    let join = async {
        loop {
            let Coordination { requests, responses } = mesh.coordinate();
            state.net.coordinator.join(peer, requests, responses).await;
            // It ends when we do, or when we were too slow: then from the beginning, and not in a busy loop.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = state.stop.cancelled() => {}
        () = forget => {}
        () = join => {}
    }
    mesh.shutdown().await;
    state.net.peer.running.lock().await.take();
}

async fn get(stream: TcpStream, agent: AgentId, path: &str) -> Result<Bytes, PeerError> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(answer)?;
    let driving = tokio::spawn(connection);
    let host = format!("[{}]:{API_PORT}", under(LEGACY_PREFIX, agent.0));
    let request = Request::get(path).header(http::header::HOST, host).body(Body::empty()).map_err(answer)?;
    let response = sender.send_request(request).await.map_err(answer)?;
    if response.status() != StatusCode::OK {
        return Err(PeerError::Answer(format!("status {}", response.status())));
    }
    let body = to_bytes(Body::new(response.into_body()), MAX_ANSWER).await;
    driving.abort();
    body.map_err(answer)
}

fn answer(error: impl std::fmt::Display) -> PeerError {
    PeerError::Answer(error.to_string())
}

fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    token::fill(&mut bytes)?;
    Ok(bytes)
}

impl From<PeerError> for crate::http::error::ApiError {
    fn from(error: PeerError) -> Self {
        tracing::debug!(%error, "a page did not reach a workspace daemon");
        Self::new(StatusCode::BAD_GATEWAY, "The workspace daemon does not answer.").with_detail(error.to_string())
    }
}
