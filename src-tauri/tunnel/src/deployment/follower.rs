//! What the control connection (`client::control`) feeds and tells: the engine, and the names.

use std::collections::BTreeSet;
use std::sync::Arc;

use client::DialError;
use client::control::{Coordination, Fed, Follower};
use client::error::with_causes;
use mesh::Mesh;
use mesh::names::Zone;
use proto::derp_map::DerpMap;
use proto::id::AgentId;
use proto::ipc::{DeploymentState, Health, HealthCode};
use proto::tailnet::WorkspaceUpdate;
use tokio::sync::oneshot;

use super::ask::{Trouble, refused};
use super::show::Show;

/// The engine as control sees it.
pub struct Joined(pub Mesh);

impl Fed for Joined {
    fn coordinate(&self) -> Coordination {
        let mesh::driver::Coordination { requests, responses } = self.0.coordinate();
        Coordination { requests, responses }
    }

    fn set_derp_map(&self, map: DerpMap) {
        self.0.set_derp_map(map);
    }
}

/// Follows the person's workspaces: a tunnel to each daemon, and its names.
pub struct Updates {
    show: Arc<Show>,
    mesh: Mesh,
    zone: Zone,
    tunnels: BTreeSet<AgentId>,
    /// Attempts since the connection last stood.
    losses: u32,
    refuse: Option<oneshot::Sender<Trouble>>,
}

impl Updates {
    /// Starts from an empty zone; `refuse` hears the one trouble that ends it.
    pub fn new(show: Arc<Show>, mesh: Mesh, zone: Zone, refuse: oneshot::Sender<Trouble>) -> Self {
        Self { show, mesh, zone, tunnels: BTreeSet::new(), losses: 0, refuse: Some(refuse) }
    }

    fn give_up(&mut self, trouble: Trouble) {
        if let Some(refuse) = self.refuse.take() {
            // Nobody waits any more when the deployment is being stopped.
            let _ = refuse.send(trouble);
        }
    }
}

impl Follower for Updates {
    fn connected(&mut self) {
        self.zone.begin();
        self.losses = 0;
    }

    fn lost(&mut self, why: &(dyn std::error::Error + Send + Sync + 'static)) {
        if let Some(trouble) = why.downcast_ref().map(refused).filter(|it| it.health.code == HealthCode::TokenRefused) {
            return self.give_up(trouble);
        }
        self.losses += 1;
        let is_known = self.zone.is_known();
        let state = if is_known { DeploymentState::Reconnecting } else { DeploymentState::Dialling };
        // One broken connection is the daily life of a network; a second attempt that fails is worth words.
        let health = (self.losses > 1).then(|| Health::new(HealthCode::DeploymentUnreachable, with_causes(why)));
        self.show.change(|face| {
            face.state = state;
            face.health = health.into_iter().collect();
        });
    }

    fn refused(&mut self, why: DialError) {
        self.give_up(refused(&why));
    }

    fn update(&mut self, update: WorkspaceUpdate) -> bool {
        if let Err(error) = self.zone.apply(&update) {
            tracing::warn!(%error, "an update of workspaces does not fit");
            return false;
        }
        let now: BTreeSet<AgentId> = self.zone.agents().collect();
        now.difference(&self.tunnels).for_each(|agent| self.mesh.add_tunnel((*agent).into()));
        self.tunnels.difference(&now).for_each(|agent| self.mesh.remove_tunnel((*agent).into()));
        self.tunnels = now;
        let zone = Arc::new(self.zone.clone());
        self.show.change(|face| {
            (face.state, face.zone) = (DeploymentState::Connected, Some(zone));
            face.health.clear();
        });
        self.show.zone_changed.notify_one();
        true
    }
}
