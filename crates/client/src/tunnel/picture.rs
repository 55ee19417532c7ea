//! The state of a tunnel as its news paint it. Pure: news in, state out.

use std::collections::BTreeMap;

use proto::ipc::{DaemonStatus, DeploymentStatus, Event, Health, HealthCode, LocalPort, ServiceStatus};

/// Most deployments that are kept; the service has fewer ([`proto::ipc::call::MAX_DEPLOYMENTS`]).
const MAX_DEPLOYMENTS: usize = 64;
/// Most daemons of a deployment that are kept.
const MAX_DAEMONS: usize = 10_000;

/// The whole state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// The service, once it spoke of itself.
    pub service: Option<ServiceStatus>,
    /// Its deployments, by their URL.
    pub deployments: BTreeMap<String, DeploymentPicture>,
}

/// One deployment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeploymentPicture {
    /// Where it stands, once the service said so.
    pub status: Option<DeploymentStatus>,
    /// Its workspace daemons.
    pub daemons: Vec<DaemonStatus>,
    /// Local ports, in user-space mode.
    pub ports: Vec<LocalPort>,
}

impl Picture {
    /// Takes a piece of news.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Service(service) => self.service = Some(service),
            Event::Deployment(status) => {
                let url = status.url.clone();
                if let Some(deployment) = self.of(url) {
                    deployment.status = Some(status);
                }
            }
            Event::Daemons { url, is_first, daemons } => {
                let Some(deployment) = self.of(url) else { return };
                if is_first {
                    deployment.daemons.clear();
                }
                let room = MAX_DAEMONS.saturating_sub(deployment.daemons.len());
                deployment.daemons.extend(daemons.into_iter().take(room));
            }
            Event::Ports { url, ports } => {
                if let Some(deployment) = self.of(url) {
                    deployment.ports = ports;
                }
            }
            Event::Removed { url } => {
                self.deployments.remove(&url);
            }
            Event::Unknown => {}
        }
    }

    /// What is wrong, the machine's first and the root causes only; among them what only a newer version knows.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        let machine = self.service.iter().flat_map(|service| &service.health);
        let deployments = self.deployments.values().filter_map(|of| of.status.as_ref());
        let all: Vec<Health> = machine.chain(deployments.flat_map(|status| &status.health)).cloned().collect();
        HealthCode::roots(&all)
    }

    fn of(&mut self, url: String) -> Option<&mut DeploymentPicture> {
        let has_room = self.deployments.len() < MAX_DEPLOYMENTS || self.deployments.contains_key(&url);
        has_room.then(|| self.deployments.entry(url).or_default())
    }
}
