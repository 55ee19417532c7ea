//! What the tunnel shows, and what it is asked for. A service that ended and was started anew is asked again for what it
//! reached. Pure.

use client::tunnel::Picture;
use proto::ipc::{DeploymentState, Health};

use crate::effect::Effect;
use crate::event::TunnelNews;
use crate::state::State;

/// The tunnel.
#[derive(Debug, Default)]
pub struct Tunnel {
    /// `None`: not looked yet, or absent.
    pub picture: Option<Picture>,
    pub is_userspace: bool,
    /// Why it cannot be spoken with.
    pub silence: Option<String>,
    /// What a person asked for last and the tunnel does not show yet.
    pub asked: Option<bool>,
    /// Whether it reached something, or was about to, when it was last heard.
    was_on: bool,
}

impl Tunnel {
    fn is_on(&self) -> bool {
        self.asked.unwrap_or_else(|| self.picture.as_ref().is_some_and(is_on))
    }
}

fn is_on(picture: &Picture) -> bool {
    !picture.deployments.is_empty()
}

impl State {
    pub(super) fn tunnel(&mut self, news: TunnelNews) -> Vec<Effect> {
        let before = std::mem::take(&mut self.tunnel);
        let was_on = if before.picture.is_some() { before.is_on() } else { before.was_on };
        self.tunnel = match news {
            TunnelNews::Absent => Tunnel { was_on, ..Tunnel::default() },
            TunnelNews::Silent(why) => Tunnel { silence: Some(why), was_on, ..Tunnel::default() },
            TunnelNews::Is { picture, is_userspace } => {
                // A wish is over when it is fulfilled.
                let asked = before.asked.filter(|asked| *asked != is_on(&picture));
                Tunnel { picture: Some(picture), is_userspace, asked, ..Tunnel::default() }
            }
        };
        // Somebody else may switch it off while it is there; one that comes back empty forgot what it was asked for.
        let came_back = before.picture.is_none() && self.tunnel.picture.is_some() && !self.tunnel.is_userspace;
        let forgot = came_back && was_on && !self.is_connected() && !self.accounts.is_empty();
        let mut effects = if forgot { self.connect() } else { Vec::new() };
        effects.extend(self.keep_ports());
        effects
    }

    pub(super) fn connect(&mut self) -> Vec<Effect> {
        if self.tunnel.picture.is_some() {
            self.tunnel.asked = Some(true);
        }
        vec![Effect::Connect(self.accounts.iter().map(|account| account.place.clone()).collect())]
    }

    pub(super) fn disconnect(&mut self) -> Vec<Effect> {
        if self.tunnel.picture.is_some() {
            self.tunnel.asked = Some(false);
        }
        self.tunnel.was_on = false;
        vec![Effect::Disconnect]
    }

    /// Whether the tunnel reaches something, or is about to.
    pub fn is_connected(&self) -> bool {
        self.tunnel.is_on()
    }

    /// Whether there is a tunnel to be switched.
    pub fn has_tunnel(&self) -> bool {
        self.tunnel.picture.is_some()
    }

    /// Deployments that the tunnel reaches now.
    pub fn reached(&self) -> usize {
        let states = self.tunnel.picture.iter().flat_map(|picture| picture.deployments.values());
        states.filter(|of| of.status.as_ref().is_some_and(|status| status.state == DeploymentState::Connected)).count()
    }

    /// What is wrong with the tunnel, the root causes only.
    pub fn tunnel_health(&self) -> Vec<Health> {
        self.tunnel.picture.as_ref().map(Picture::health).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
