//! What the control connection (`client::control`) feeds here: our mesh, and whoever waits for a refusal.

use client::DialError;
use client::control::{Coordination, Fed, Follower};
use mesh::Mesh;
use proto::derp_map::DerpMap;
use tokio::sync::oneshot;

/// The mesh as control sees it.
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

/// Tells the waiting command when the very first attempt is refused for good.
pub struct Refusal(pub Option<oneshot::Sender<anyhow::Error>>);

impl Follower for Refusal {
    fn connected(&mut self) {
        self.0 = None;
    }

    fn refused(&mut self, why: DialError) {
        if let Some(waiting) = self.0.take() {
            // Nobody waits any more when the daemon answered already.
            let _ = waiting.send(super::refused(why));
        }
    }
}
