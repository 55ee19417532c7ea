//! The mesh as the run loop uses it: started by the first manifest, kept over every reconnect (spec `agent-rpc.md` 6).
//! Not for what is served in it (see `services`).

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mesh::driver::{Coordination, MeshStatus, RelayTransport, Role, Unhandled};
use mesh::{Mesh, MeshConfig, MeshError};
use proto::agent::Manifest;
use proto::derp_map::DerpMap;
use proto::id::AgentId;
use proto::key::{DiscoPrivate, NodePrivate};
use url::Url;

use crate::services::Services;

/// What the run loop needs of the mesh; tests put a recorder in its place.
pub trait Network: Send + Sync + 'static {
    /// Starts the mesh, or applies a newer manifest to the running one.
    fn apply(&self, manifest: &Manifest) -> impl Future<Output = Result<(), NetworkError>> + Send;
    /// A fresh coordination stream; `None` before the mesh is started.
    fn coordinate(&self) -> Option<Coordination>;
    /// Newer relays, as the server sent them.
    fn set_derp_map(&self, map: DerpMap);
    /// Ends all sessions and takes no new ones.
    fn close_sessions(&self);
    /// This machine's addresses changed.
    fn changed(&self);
    /// Says goodbye to the coordinator.
    fn disconnect(&self);
    /// What is going on.
    fn status(&self) -> impl Future<Output = MeshStatus> + Send;
    /// Ends sessions and the mesh.
    fn shutdown(&self) -> impl Future<Output = ()> + Send;
}

/// Why there is no mesh.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The manifest names no daemon.
    #[error("the manifest has no usable id of this workspace daemon")]
    AgentId,
    /// No randomness for keys.
    #[error("the operating system gives no random bytes")]
    Random,
    /// The mesh.
    #[error("the mesh does not start")]
    Mesh(#[source] MeshError),
    /// The mesh's own ports.
    #[error("the services of the workspace do not start")]
    Listen(#[source] MeshError),
}

struct Running {
    agent: AgentId,
    mesh: Mesh,
}

/// The real network.
pub struct MeshNetwork {
    access_url: Url,
    headers: Vec<(String, String)>,
    udp_port: u16,
    services: Arc<Services>,
    running: Mutex<Option<Running>>,
}

impl MeshNetwork {
    /// A network that is not started yet.
    pub fn new(access_url: Url, headers: Vec<(String, String)>, udp_port: u16, services: Arc<Services>) -> Self {
        Self { access_url, headers, udp_port, services, running: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mesh(&self) -> Option<Mesh> {
        self.lock().as_ref().map(|running| running.mesh.clone())
    }

    fn mesh_of(&self, agent: AgentId) -> Option<Mesh> {
        self.lock().as_ref().filter(|running| running.agent == agent).map(|running| running.mesh.clone())
    }

    fn config(&self, agent: AgentId, manifest: &Manifest, map: DerpMap) -> Result<MeshConfig, NetworkError> {
        Ok(MeshConfig {
            node_key: NodePrivate::from_bytes(random()?),
            disco_key: DiscoPrivate::from_bytes(random()?),
            node_id: node_id(agent),
            addresses: proto::address::of_agent(agent.0).to_vec(),
            role: Role::Agent,
            unhandled: Unhandled::Loopback,
            udp_port: self.udp_port,
            block_endpoints: manifest.disable_direct_connections,
            force_websockets: manifest.derp_force_websockets,
            relay_headers: self.headers.clone(),
            relay_transport: RelayTransport::from_environment(),
            derp_map: map,
        })
    }
}

fn random() -> Result<[u8; 32], NetworkError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| NetworkError::Random)?;
    Ok(bytes)
}

/// The number of a daemon in its node record: the second half of its id without a sign (spec `tailnet.md` 3).
fn node_id(agent: AgentId) -> i64 {
    let (_, low) = agent.0.as_u64_pair();
    low.cast_signed().checked_abs().unwrap_or(i64::MAX)
}

impl Network for MeshNetwork {
    async fn apply(&self, manifest: &Manifest) -> Result<(), NetworkError> {
        let agent = AgentId::from_wire(&manifest.agent_id).ok().filter(|id| *id != AgentId::nil());
        let agent = agent.ok_or(NetworkError::AgentId)?;
        let map = DerpMap::from(manifest.derp_map.clone().unwrap_or_default()).for_access_url(&self.access_url);
        if let Some(mesh) = self.mesh_of(agent) {
            mesh.set_relay_only(manifest.disable_direct_connections, manifest.derp_force_websockets);
            mesh.set_derp_map(map);
            return Ok(());
        }
        // Another daemon's token behind the same configuration has other addresses: the former mesh cannot stay.
        let former = self.lock().take();
        if let Some(former) = former {
            former.mesh.shutdown().await;
        }
        let mesh = Mesh::start(self.config(agent, manifest, map)?).await.map_err(NetworkError::Mesh)?;
        self.services.listen(&mesh).await.map_err(NetworkError::Listen)?;
        self.services.attach(Some(mesh.clone()));
        *self.lock() = Some(Running { agent, mesh });
        Ok(())
    }

    fn coordinate(&self) -> Option<Coordination> {
        self.mesh().map(|mesh| mesh.coordinate())
    }

    fn set_derp_map(&self, map: DerpMap) {
        if let Some(mesh) = self.mesh() {
            mesh.set_derp_map(map.for_access_url(&self.access_url));
        }
    }

    fn close_sessions(&self) {
        self.services.stop();
    }

    fn changed(&self) {
        if let Some(mesh) = self.mesh() {
            mesh.network_changed();
        }
    }

    fn disconnect(&self) {
        if let Some(mesh) = self.mesh() {
            mesh.disconnect();
        }
    }

    async fn status(&self) -> MeshStatus {
        match self.mesh() {
            Some(mesh) => mesh.status().await,
            None => MeshStatus::default(),
        }
    }

    async fn shutdown(&self) {
        self.services.stop();
        self.services.attach(None);
        let running = self.lock().take();
        if let Some(running) = running {
            running.mesh.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests;
