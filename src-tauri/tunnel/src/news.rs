//! What watchers are told: the whole state once, then only what differs. Pure. Not here: when (`service`).

use std::collections::BTreeMap;
use std::sync::Arc;

use proto::ipc::status::DAEMONS_IN_EVENT;
use proto::ipc::{DaemonStatus, DeploymentStatus, Event, ServiceStatus};

#[cfg(test)]
mod tests;

/// Everything that a watcher can know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// The service.
    pub service: ServiceStatus,
    /// Deployments by URL, each with its workspace daemons.
    pub deployments: BTreeMap<String, (DeploymentStatus, Arc<Vec<DaemonStatus>>)>,
}

impl Picture {
    /// For somebody who knows nothing.
    pub fn whole(&self) -> Vec<Event> {
        let mut events = vec![Event::Service(self.service.clone())];
        for (url, (status, daemons)) in &self.deployments {
            events.push(Event::Deployment(status.clone()));
            list(url, daemons, &mut events);
        }
        events
    }

    /// For somebody who knows `before`.
    pub fn since(&self, before: &Self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.service != before.service {
            events.push(Event::Service(self.service.clone()));
        }
        for url in before.deployments.keys().filter(|url| !self.deployments.contains_key(*url)) {
            events.push(Event::Removed { url: url.clone() });
        }
        for (url, (status, daemons)) in &self.deployments {
            let known = before.deployments.get(url);
            if known.is_none_or(|(known, _)| known != status) {
                events.push(Event::Deployment(status.clone()));
            }
            let is_known = known.is_some_and(|(_, known)| Arc::ptr_eq(known, daemons) || known == daemons);
            if !is_known {
                list(url, daemons, &mut events);
            }
        }
        events
    }
}

fn list(url: &str, daemons: &[DaemonStatus], events: &mut Vec<Event>) {
    let part = |is_first, daemons: &[DaemonStatus]| Event::Daemons {
        url: url.to_owned(),
        is_first,
        daemons: daemons.to_vec(),
    };
    if daemons.is_empty() {
        events.push(part(true, &[]));
    }
    events.extend(daemons.chunks(DAEMONS_IN_EVENT).enumerate().map(|(index, daemons)| part(index == 0, daemons)));
}
