//! What user-space mode knows, and what follows from it: which local ports are open, what is printed, what a watcher is
//! told. Everything that was heard goes through [`Board::take`].

use std::collections::BTreeMap;
use std::net::SocketAddrV6;

use client::tunnel::{DeploymentPicture, Picture};
use mesh::Mesh;
use mesh::names::Named;
use proto::id::AgentId;
use proto::ipc::{Counters, DaemonPath, DaemonStatus, DeploymentState, Description, LocalPort, ServiceStatus};
use tokio::sync::{mpsc, watch};

use super::daemon::{self, Seen, Watch};
use super::deployment::News;
use super::listener::{self, Listener};
use super::ports::{Change, Ports, Remote, SSH};
use crate::connect::status;
use crate::table::{Column, render};
use crate::terminal::{print, progress};

/// Daemons that are looked at every few seconds. The others have a name and no port.
const MAX_WATCHED: usize = 256;

/// One daemon.
struct Row {
    url: String,
    named: Named,
    seen: Option<Seen>,
    /// It shares this computer's network.
    is_here: bool,
    watch: Option<Watch>,
}

/// See the module.
pub struct Board {
    picture: Picture,
    watchers: watch::Sender<Picture>,
    meshes: BTreeMap<String, Mesh>,
    rows: BTreeMap<AgentId, Row>,
    ports: Ports<Listener>,
    canaries: Vec<u16>,
    is_shown: bool,
}

impl Board {
    /// Nothing is known yet but what is wanted.
    pub fn new(wanted: &[Description], canaries: Vec<u16>) -> Self {
        let service = ServiceStatus { version: env!("CARGO_PKG_VERSION").into(), ..ServiceStatus::default() };
        let deployments = wanted.iter().map(|one| (one.url.clone(), DeploymentPicture::default())).collect();
        let picture = Picture { service: Some(service), deployments };
        let watchers = watch::Sender::new(picture.clone());
        Self {
            picture,
            watchers,
            meshes: BTreeMap::new(),
            rows: BTreeMap::new(),
            ports: Ports::default(),
            canaries,
            is_shown: false,
        }
    }

    /// The state and its changes.
    pub fn watch(&self) -> watch::Receiver<Picture> {
        self.watchers.subscribe()
    }

    /// Takes what was heard. `news` is for those who are watched from now on.
    pub fn take(&mut self, heard: News, news: &mpsc::UnboundedSender<News>) {
        match heard {
            News::Mesh(url, mesh) => {
                self.meshes.insert(url, mesh);
            }
            News::Status(status) => self.stand(status),
            News::Named(url, named) => self.name(&url, named, news),
            News::Seen(agent, seen) => {
                if let Some(row) = self.rows.get_mut(&agent) {
                    let former = row.seen.take();
                    let ports = seen.ports.clone().or_else(|| former.and_then(|former| former.ports));
                    let sees = |port: &u16| ports.as_ref().is_some_and(|ports| ports.binary_search(port).is_ok());
                    row.is_here = self.canaries.len() == 2 && self.canaries.iter().all(sees);
                    row.seen = Some(Seen { ports, ..seen });
                }
            }
        }
        self.settle();
        self.paint();
        let is_complete =
            !self.rows.is_empty() && self.rows.values().all(|row| row.seen.is_some() || row.watch.is_none());
        if !self.is_shown && is_complete {
            self.show();
        }
    }

    fn stand(&mut self, status: proto::ipc::DeploymentStatus) {
        let deployment = self.picture.deployments.entry(status.url.clone()).or_default();
        let before = deployment.status.as_ref().map(|status| (status.state, status.health.first().map(|h| h.code)));
        if before != Some((status.state, status.health.first().map(|health| health.code))) {
            let url = status.url.trim_end_matches('/');
            match (status.state, status.health.first()) {
                (DeploymentState::Connected, _) => progress(&format!("{url}: connected.")),
                (DeploymentState::Reconnecting, _) => {
                    progress(&format!("{url}: lost; dialling again. Direct paths go on."));
                }
                (_, Some(health)) => progress(&super::super::start::sentence(url, health)),
                (_, None) => {}
            }
        }
        deployment.status = Some(status);
    }

    fn name(&mut self, url: &str, named: Vec<Named>, news: &mpsc::UnboundedSender<News>) {
        self.rows.retain(|id, row| row.url != url || named.iter().any(|one| one.id == *id));
        for named in named {
            match self.rows.get_mut(&named.id) {
                Some(row) => row.named = named,
                None => {
                    let has_room = self.rows.len() < MAX_WATCHED;
                    let watch = self
                        .meshes
                        .get(url)
                        .filter(|_| has_room)
                        .map(|mesh| daemon::watch(named.id, mesh.clone(), news.clone()));
                    let row = Row { url: url.to_owned(), named, seen: None, is_here: false, watch };
                    self.rows.insert(row.named.id, row);
                }
            }
        }
    }

    /// Opens and closes local ports.
    fn settle(&mut self) {
        let Self { rows, meshes, ports, .. } = self;
        // SSH of every daemon comes before any other port of one.
        let ssh = rows.keys().map(|id| (*id, SSH));
        let others = rows.iter().filter(|(_, row)| !row.is_here).flat_map(|(id, row)| {
            let all = row.seen.iter().flat_map(|seen| seen.ports.iter().flatten());
            all.filter(|port| **port != SSH).map(|port| (*id, *port))
        });
        let wanted: Vec<Remote> = ssh.chain(others).collect();
        let bind = |local: u16, (agent, port): Remote| {
            let mesh = meshes.get(&rows.get(&agent)?.url)?.clone();
            let to = SocketAddrV6::new(daemon::address(agent), port, 0, 0);
            Listener::serve(listener::bind(local)?, mesh, to).ok()
        };
        let close = |(agent, _): Remote, listener: Listener| {
            if rows.contains_key(&agent) {
                listener.retire();
            }
        };
        let changes = ports.settle(&wanted, bind, close);
        if self.is_shown {
            changes.into_iter().for_each(|change| self.announce(change));
        }
    }

    fn announce(&self, change: Change) {
        let of = |agent: AgentId| {
            let row = self.rows.get(&agent);
            row.map_or_else(|| "a workspace that is gone".to_owned(), |row| label(&row.named))
        };
        match change {
            Change::Opened((agent, port), local) => {
                print(&format!("127.0.0.1:{local} leads to port {port} of {}", of(agent)));
            }
            Change::Closed((agent, port), local) => {
                print(&format!("127.0.0.1:{local} is closed; it led to port {port} of {}", of(agent)));
            }
            Change::Refused((agent, port)) => tracing::debug!(port, of = of(agent), "no local port is free for it"),
        }
    }

    /// Whether the table was printed.
    pub fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Prints the table; from now on changes are printed.
    pub fn show(&mut self) {
        self.is_shown = true;
        let mut lines: Vec<Line> = self
            .ports
            .iter()
            .filter_map(|((agent, port), local)| {
                let row = self.rows.get(&agent)?;
                let path = row.seen.as_ref().map(|seen| status::path(&seen.path)).unwrap_or_default();
                Some(Line { name: label(&row.named), port, local: format!("127.0.0.1:{local}"), path })
            })
            .collect();
        for row in self.rows.values().filter(|row| row.is_here) {
            let (name, local) = (label(&row.named), "runs on this computer: its ports are here already".into());
            lines.push(Line { name, port: 0, local, path: String::new() });
        }
        lines.sort_by(|one, other| (&one.name, one.port).cmp(&(&other.name, other.port)));
        match render(&lines, COLUMNS, &[], &["workspace", "port", "here", "path"]) {
            Ok(table) if !lines.is_empty() => print(&table),
            _ => progress("No workspace runs; their ports appear here when they start."),
        }
    }

    /// Tells the watchers.
    fn paint(&mut self) {
        for (url, deployment) in &mut self.picture.deployments {
            let of_it = || self.rows.iter().filter(|(_, row)| row.url == *url);
            deployment.daemons = of_it().map(|(id, row)| describe(*id, row)).collect();
            let leads = self.ports.iter().filter(|((agent, _), _)| self.rows.get(agent).is_some_and(|r| r.url == *url));
            let leads = leads.map(|((daemon, remote), local)| LocalPort { daemon, remote, local, is_here: false });
            let here = of_it().filter(|(_, row)| row.is_here).flat_map(|(id, row)| {
                let ports = row.seen.iter().flat_map(|seen| seen.ports.iter().flatten());
                let ours =
                    |port: &&u16| !self.canaries.contains(*port) && !self.ports.iter().any(|(_, own)| own == **port);
                ports.filter(ours).map(|port| LocalPort { daemon: *id, remote: *port, local: *port, is_here: true })
            });
            deployment.ports = leads.chain(here).take(super::ports::MAX_PORTS).collect();
        }
        self.watchers.send_if_modified(|shown| {
            let is_new = *shown != self.picture;
            if is_new {
                *shown = self.picture.clone();
            }
            is_new
        });
    }

    /// The meshes.
    pub fn meshes(&self) -> impl Iterator<Item = &Mesh> {
        self.meshes.values()
    }

    /// Closes everything; the meshes still have to say goodbye.
    pub fn end(self) -> Vec<Mesh> {
        self.meshes.into_values().collect()
    }
}

/// A line of the table.
struct Line {
    name: String,
    port: u16,
    local: String,
    path: String,
}

const COLUMNS: &[Column<Line>] = &[
    Column { name: "workspace", cell: |line| line.name.clone() },
    Column { name: "port", cell: |line| if line.port == 0 { "others".into() } else { line.port.to_string() } },
    Column { name: "here", cell: |line| line.local.clone() },
    Column { name: "path", cell: |line| line.path.clone() },
];

/// How a person knows a daemon.
fn label(named: &Named) -> String {
    named.hostnames.first().cloned().unwrap_or_else(|| format!("{}.{}", named.workspace_name, named.name))
}

fn describe(id: AgentId, row: &Row) -> DaemonStatus {
    let seen = row.seen.as_ref();
    DaemonStatus {
        id,
        workspace: row.named.workspace,
        workspace_name: row.named.workspace_name.clone(),
        name: row.named.name.clone(),
        hostnames: row.named.hostnames.clone(),
        address: row.named.address,
        path: seen.map_or(DaemonPath::None, |seen| seen.path.clone()),
        latency_ms: seen.and_then(|seen| seen.latency_ms),
        handshake_age: seen.and_then(|seen| seen.handshake_age),
        counters: seen.map_or(Counters::default(), |seen| seen.counters),
    }
}
