//! On which ports the programs of the workspaces listen that the tunnel reaches by name. Pure; asking is in `ports.rs`.

use std::collections::BTreeMap;

use proto::id::AgentId;

use crate::effect::Effect;
use crate::listener::Listener;
use crate::place::Place;
use crate::state::State;

/// Workspace daemons that are asked. Whoever has more opens the dashboard.
const MOST: usize = 32;

/// What is known.
#[derive(Debug, Default)]
pub struct Ports {
    /// Whom the shell asks.
    asked: Vec<(Place, AgentId)>,
    known: BTreeMap<AgentId, Vec<Listener>>,
}

impl State {
    /// What listens behind the name of a daemon, as it was said last.
    pub fn listeners(&self, daemon: AgentId) -> &[Listener] {
        self.ports.known.get(&daemon).map_or(&[], Vec::as_slice)
    }

    pub(super) fn listening(&mut self, daemon: AgentId, listeners: Vec<Listener>) {
        // An answer may come after the tunnel was switched off.
        if self.ports.asked.iter().any(|(_, asked)| *asked == daemon) {
            self.ports.known.insert(daemon, listeners);
        }
    }

    /// Has others asked when the tunnel reaches others.
    pub(super) fn keep_ports(&mut self) -> Option<Effect> {
        let wanted = self.named_daemons();
        if wanted == self.ports.asked {
            return None;
        }
        self.ports.known.retain(|known, _| wanted.iter().any(|(_, daemon)| daemon == known));
        self.ports.asked.clone_from(&wanted);
        Some(Effect::FollowPorts(wanted))
    }

    /// Those that have a name for every program. In user-space mode the tunnel itself says which ports it brings here.
    fn named_daemons(&self) -> Vec<(Place, AgentId)> {
        let Some(picture) = self.tunnel.picture.as_ref().filter(|_| !self.tunnel.is_userspace) else {
            return Vec::new();
        };
        let places = self.deployments.keys();
        let pictures = places.filter_map(|place| Some((place, picture.deployments.get(place.as_str())?)));
        let named = pictures.flat_map(|(place, of)| {
            let named = of.daemons.iter().filter(|daemon| !daemon.hostnames.is_empty());
            named.map(|daemon| (place.clone(), daemon.id))
        });
        named.take(MOST).collect()
    }
}

#[cfg(test)]
mod tests;
