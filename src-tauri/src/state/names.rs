//! By which name a workspace daemon is reached, and how far away it is. Pure.

use proto::ipc::{DaemonPath, DaemonStatus};

use crate::place::Place;
use crate::row::{Daemon, Row};
use crate::state::State;

impl State {
    /// What the tunnel knows of a daemon.
    fn in_tunnel(&self, place: &Place, daemon: &Daemon) -> Option<&DaemonStatus> {
        let of = self.tunnel.picture.as_ref()?.deployments.get(place.as_str())?;
        of.daemons.iter().find(|known| known.id == daemon.id)
    }

    /// The name for SSH, browsers and editors: the tunnel's own when it has one, because two deployments may want the
    /// same; else the one that the SSH configuration knows.
    pub fn hostname(&self, place: &Place, row: &Row, daemon: Option<&Daemon>) -> String {
        let told = daemon.and_then(|daemon| self.in_tunnel(place, daemon)?.hostnames.first());
        if let Some(name) = told {
            return name.clone();
        }
        let listing = self.deployments.get(place).and_then(|deployment| deployment.listing.as_ref());
        let suffix = listing.map(|listing| listing.suffix.as_str()).filter(|suffix| !suffix.is_empty());
        let suffix = suffix.unwrap_or("coder");
        let is_mine = listing.is_none_or(|listing| listing.user == row.owner);
        let workspace = row.name.to_ascii_lowercase();
        match daemon {
            Some(daemon) if row.daemons.len() > 1 || !is_mine => {
                let owner = if is_mine { "me" } else { row.owner.as_str() };
                format!("{}.{workspace}.{owner}.{suffix}", daemon.name)
            }
            _ => format!("{workspace}.{suffix}"),
        }
    }

    /// Whether that name works for every program now.
    pub fn has_name(&self, place: &Place, daemon: &Daemon) -> bool {
        !self.tunnel.is_userspace && self.in_tunnel(place, daemon).is_some_and(|known| !known.hostnames.is_empty())
    }

    /// How a daemon is reached, in words.
    pub fn distance(&self, place: &Place, daemon: &Daemon) -> Option<String> {
        let known = self.in_tunnel(place, daemon)?;
        let way = match known.path {
            DaemonPath::Direct { .. } => "direct",
            DaemonPath::Relay { .. } => "relayed",
            DaemonPath::None => return None,
        };
        Some(match known.latency_ms {
            // Whole milliseconds: a menu that trembles is no menu.
            Some(latency) if latency >= 1.0 => format!("{way}, {latency:.0} ms"),
            Some(_) => format!("{way}, below 1 ms"),
            None => way.to_owned(),
        })
    }
}
