//! What a deployment shows of itself, shared between its own tasks and the service. Only the newest is kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mesh::Mesh;
use mesh::driver::Outward;
use mesh::names::Suffix;
use proto::ipc::{DeploymentState, Health};
use tokio::sync::Notify;

use crate::state::Face;

/// See the module.
pub struct Show {
    inner: Mutex<Inner>,
    stirred: Arc<Notify>,
    /// Other daemons than before; for the one task that measures them.
    pub zone_changed: Notify,
}

#[derive(Default)]
struct Inner {
    face: Face,
    engine: Option<(Mesh, Outward)>,
    is_changed: bool,
}

impl Show {
    /// Nothing known yet. `stirred` is told of every change.
    pub fn new(stirred: Arc<Notify>) -> Self {
        Self { inner: Mutex::default(), stirred, zone_changed: Notify::new() }
    }

    /// Changes the face.
    pub fn change(&self, change: impl FnOnce(&mut Face)) {
        let mut inner = self.lock();
        change(&mut inner.face);
        inner.is_changed = true;
        drop(inner);
        self.stirred.notify_one();
    }

    /// The face, when it changed since the last look.
    pub fn take(&self) -> Option<Face> {
        let mut inner = self.lock();
        std::mem::take(&mut inner.is_changed).then(|| inner.face.clone())
    }

    /// The face as it is.
    pub fn face(&self) -> Face {
        self.lock().face.clone()
    }

    /// A fresh start.
    pub fn asking(&self) {
        self.change(|face| *face = Face::default());
    }

    /// The deployment answered and the engine runs.
    pub fn begin(&self, suffix: Suffix, mesh: Mesh, outward: Outward) {
        self.lock().engine = Some((mesh, outward));
        self.change(|face| {
            (face.state, face.suffix) = (DeploymentState::Dialling, Some(suffix));
            face.health.clear();
        });
    }

    /// The engine stops: its names and daemons are gone.
    pub fn end(&self) {
        self.change(|face| *face = Face { suffix: face.suffix.take(), ..Face::default() });
        self.lock().engine = None;
    }

    /// Something is wrong.
    pub fn trouble(&self, state: DeploymentState, health: Health) {
        self.change(|face| (face.state, face.health) = (state, vec![health]));
    }

    /// The engine.
    pub fn mesh(&self) -> Option<Mesh> {
        self.lock().engine.as_ref().map(|(mesh, _)| mesh.clone())
    }

    /// The way into the engine.
    pub fn outward(&self) -> Option<Outward> {
        self.lock().engine.as_ref().map(|(_, outward)| outward.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
