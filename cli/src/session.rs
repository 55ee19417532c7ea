//! One mesh for one workspace daemon, as long as a command needs it: starts the mesh, keeps coordination going, dials.
//!
//! ```text
//!  begin ── relay map, keys ── Mesh::start ─┐          (in parallel with the REST calls that find the daemon)
//!                                           ├─ attach ── control: dial, coordinate, redial ── until dropped
//!  agent id ────────────────────────────────┘     └───── reachable ── dial_tcp
//! ```

pub mod control;
mod identity;

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use anyhow::Context;
use client::Deployment;
use client::control::Scope;
use mesh::driver::{RelayTransport, Unhandled};
use mesh::{Mesh, MeshConfig, TcpStream};
use proto::address::{LEGACY_PREFIX, under};
use proto::id::AgentId;
use proto::rest::agent::ConnectionInfo;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};

use crate::failure::failure;
use control::{Joined, Refusal};
use identity::Identity;

/// How long a daemon that is connected to its server may need to answer us.
pub const LIMIT: Duration = Duration::from_secs(60);
/// After this much silence the person is told that we still try.
const PATIENCE: Duration = Duration::from_secs(5);

/// A mesh that is starting while the daemon is still looked for.
pub struct Starting {
    deployment: Deployment,
    mesh: JoinHandle<anyhow::Result<Mesh>>,
}

/// A mesh with a tunnel to one daemon. Dropping it ends coordination and the mesh.
pub struct Session {
    /// The mesh.
    pub mesh: Mesh,
    /// The daemon's address in it.
    pub address: Ipv6Addr,
    control: AbortHandle,
    refused: Option<oneshot::Receiver<anyhow::Error>>,
}

/// Starts a mesh.
pub fn begin(deployment: &Deployment, relay_only: bool) -> Starting {
    let asked = deployment.clone();
    let mesh = tokio::spawn(async move { start(&asked.connection_info().await?, relay_only).await });
    Starting { deployment: deployment.clone(), mesh }
}

/// A mesh that knows the deployment's relays and nobody yet.
pub async fn start(info: &ConnectionInfo, relay_only: bool) -> anyhow::Result<Mesh> {
    let identity = Identity::draw()?;
    let config = MeshConfig {
        node_key: identity.node_key,
        disco_key: identity.disco_key,
        node_id: identity.node_id,
        addresses: vec![identity.address],
        role: mesh::driver::Role::Client,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: relay_only || info.disable_direct_connections,
        force_websockets: info.derp_force_websockets,
        relay_headers: Vec::new(),
        relay_transport: RelayTransport::from_environment(),
        derp_map: info.derp_map.clone().unwrap_or_default(),
    };
    Ok(Mesh::start(config).await?)
}

impl Starting {
    /// The mesh alone, without a daemon.
    pub async fn mesh(self) -> anyhow::Result<Mesh> {
        self.mesh.await.context("the mesh stopped while starting")?
    }

    /// Opens the tunnel to a daemon.
    pub async fn attach(self, agent: AgentId) -> anyhow::Result<Session> {
        let mesh = self.mesh.await.context("the mesh stopped while starting")??;
        mesh.add_tunnel(agent.into());
        let (refuse, refused) = oneshot::channel();
        let (fed, waiting) = (Joined(mesh.clone()), Refusal(Some(refuse)));
        let redial = std::sync::Arc::new(tokio::sync::Notify::new());
        let control = client::control::run(fed, self.deployment, Scope::Daemon(agent), waiting, redial);
        let control = tokio::spawn(control).abort_handle();
        Ok(Session { mesh, address: under(LEGACY_PREFIX, agent.0), control, refused: Some(refused) })
    }
}

impl Session {
    /// Waits until the daemon answers inside the tunnel.
    pub async fn reachable(&mut self) -> anyhow::Result<()> {
        let mut refused = self.refused.take();
        let answers = self.mesh.await_reachable(self.address, LIMIT);
        tokio::pin!(answers);
        let mut is_told = false;
        loop {
            tokio::select! {
                answer = &mut answers => return Ok(answer?),
                error = async { refused.as_mut()?.await.ok() }, if refused.is_some() => {
                    if let Some(error) = error {
                        return Err(error);
                    }
                    refused = None;
                }
                () = tokio::time::sleep(PATIENCE), if !is_told => {
                    is_told = true;
                    crate::terminal::progress("The workspace daemon does not answer yet; still trying.");
                }
            }
        }
    }

    /// Opens a TCP connection to a port of the daemon.
    pub async fn dial(&self, port: u16) -> anyhow::Result<TcpStream> {
        Ok(self.mesh.dial_tcp(SocketAddrV6::new(self.address, port, 0, 0)).await?)
    }

    /// Says goodbye, so that the daemon forgets us at once and not after its patience.
    pub async fn close(self) {
        self.mesh.disconnect();
        self.mesh.shutdown().await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.control.abort();
    }
}

/// Why a control connection was refused for good.
fn refused(error: impl std::error::Error + Send + Sync + 'static) -> anyhow::Error {
    anyhow::Error::new(error).context(failure("the deployment refuses the connection", "look at `homeport show`"))
}
