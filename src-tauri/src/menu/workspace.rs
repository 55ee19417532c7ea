//! One workspace as a submenu: its state, what can be opened, copied and changed. Pure.

use proto::rest::build::WorkspaceStatus;
use time::OffsetDateTime;

use super::{Item, Surroundings};
use crate::action::{Action, Change};
use crate::listener::Listener;
use crate::open::Target;
use crate::place::Place;
use crate::row::{Daemon, Row};
use crate::state::State;

/// The row and its submenu.
pub fn item(state: &State, around: &Surroundings, place: &Place, row: &Row, me: &str) -> Item {
    let first = row.daemons.first();
    let distance = first.filter(|_| row.is_usable()).and_then(|daemon| state.distance(place, daemon));
    let name = if row.owner == me { row.name.clone() } else { format!("{}/{}", row.owner, row.name) };
    let star = if row.is_favourite { "★ " } else { "" };
    let tail = distance.map(|distance| format!(", {distance}")).unwrap_or_default();
    let title = format!("{} {star}{name}: {}{tail}", row.shape(), row.words());
    let mut items = Vec::new();
    if row.status == WorkspaceStatus::Failed && !row.reason.is_empty() {
        items.push(Item::line(&row.reason));
    }
    if row.daemons.len() > 1 {
        for daemon in &row.daemons {
            let kind = if daemon.is_sub { "sub-daemon" } else { "workspace daemon" };
            items.push(Item::more(&format!("{} ({kind})", daemon.name), ways(state, place, row, daemon)));
        }
    } else if let Some(daemon) = first {
        items.extend(ways(state, place, row, daemon));
    } else {
        items.push(shell(place, row, "", "Start and open a terminal"));
        items.extend(copies(state, place, row, None));
    }
    items.push(Item::Separator);
    items.extend(changes(around, place, row));
    items.push(lid(state, row));
    items.push(Item::Separator);
    if let Some(page) = place.page(&[&format!("@{}", row.owner), &row.name]) {
        items.push(Item::of(
            "Open in the dashboard",
            Action::Open(Target::Page { place: place.clone(), page: page.clone() }),
        ));
        items.push(Item::of("Copy URL", Action::Copy(page.into())));
    }
    Item::more(&title, items)
}

/// What can be done with a daemon.
fn ways(state: &State, place: &Place, row: &Row, daemon: &Daemon) -> Vec<Item> {
    let mut items = Vec::new();
    let host = state.hostname(place, row, Some(daemon));
    if row.status == WorkspaceStatus::Running {
        let agent = if row.daemons.len() > 1 { daemon.name.as_str() } else { "" };
        items.push(shell(place, row, agent, "Open a terminal"));
        for (name, _) in &state.programs.editors {
            let target = Target::Editor { name, host: host.clone(), folder: daemon.folder.clone() };
            items.push(Item::of(&format!("Open in {name}"), Action::Open(target)));
        }
        if state.programs.has_toolbox {
            let target = Target::JetBrains {
                place: place.clone(),
                owner: row.owner.clone(),
                workspace: row.name.clone(),
                daemon: daemon.name.clone(),
                folder: daemon.folder.clone(),
            };
            items.push(Item::of("Open in JetBrains", Action::Open(target)));
        }
        items.extend(desktop(state, place, daemon, &host));
        items.extend(apps(place, row, daemon));
        items.extend(ports(state, place, daemon, &host));
        items.push(Item::Separator);
    }
    items.extend(copies(state, place, row, Some(daemon)));
    items
}

fn shell(place: &Place, row: &Row, daemon: &str, text: &str) -> Item {
    let (owner, workspace) = (row.owner.clone(), row.name.clone());
    let target = Target::Shell { place: place.clone(), owner, workspace, daemon: daemon.to_owned() };
    Item::of(text, Action::Open(target))
}

/// A screen needs a name that every program knows.
fn desktop(state: &State, place: &Place, daemon: &Daemon, host: &str) -> Option<Item> {
    state.programs.remote_desktop.as_ref()?;
    if !state.has_name(place, daemon) {
        return Some(Item::line("Remote desktop (needs the connection)"));
    }
    let target = Target::Desktop { host: host.to_owned(), user: None, password: None };
    Some(Item::of("Open the remote desktop", Action::Open(target)))
}

fn apps(place: &Place, row: &Row, daemon: &Daemon) -> Option<Item> {
    let mut items = Vec::new();
    for app in &daemon.apps {
        let path =
            [&format!("@{}", row.owner), &format!("{}.{}", row.name, daemon.name), "apps", app.slug.as_str(), ""];
        let address = app.external.clone().or_else(|| place.page(&path).map(String::from));
        items.extend(address.map(|address| Item::of(&app.title, Action::Open(Target::Address(address)))));
    }
    (!items.is_empty()).then(|| Item::more("Apps", items))
}

/// Ports that do not speak HTTP, by what is known of them: their address is copied.
const NO_PAGES: &[u16] = &[
    21, 22, 25, 53, 110, 111, 143, 389, 445, 465, 587, 636, 993, 995, 1433, 1521, 2049, 3306, 3389, 5432, 5671, 5672,
    5900, 5901, 6379, 9092, 11211, 27017,
];

/// What listens in the workspace: by name where the tunnel has one, by local ports in user-space mode.
fn ports(state: &State, place: &Place, daemon: &Daemon, host: &str) -> Option<Item> {
    if !state.has_name(place, daemon) {
        return local_ports(state, place, daemon, host);
    }
    let items = state.listeners(daemon.id).iter().map(|Listener { port, program }| {
        let tail = if program.is_empty() { String::new() } else { format!(" ({program})") };
        if NO_PAGES.contains(port) {
            let address = format!("{host}:{port}");
            return Item::of(&format!("Copy {address}{tail}"), Action::Copy(address));
        }
        let address = match port {
            80 => format!("http://{host}"),
            443 => format!("https://{host}"),
            8443 => format!("https://{host}:8443"),
            port => format!("http://{host}:{port}"),
        };
        Item::of(&format!("Open {address}{tail}"), Action::Open(Target::Address(address)))
    });
    let items: Vec<_> = items.collect();
    (!items.is_empty()).then(|| Item::more("Ports", items))
}

fn local_ports(state: &State, place: &Place, daemon: &Daemon, host: &str) -> Option<Item> {
    let of = state.tunnel.picture.as_ref()?.deployments.get(place.as_str())?;
    let mut items = Vec::new();
    for port in of.ports.iter().filter(|port| port.daemon == daemon.id) {
        let here = format!("127.0.0.1:{}", if port.is_here { port.remote } else { port.local });
        items.push(Item::of(&format!("Copy {here} (port {} of {host})", port.remote), Action::Copy(here)));
    }
    (!items.is_empty()).then(|| Item::more("Ports", items))
}

fn copies(state: &State, place: &Place, row: &Row, daemon: Option<&Daemon>) -> Vec<Item> {
    let host = state.hostname(place, row, daemon);
    vec![
        Item::of(&format!("Copy {host}"), Action::Copy(host.clone())),
        Item::of(&format!("Copy ssh {host}"), Action::Copy(format!("ssh {host}"))),
    ]
}

fn changes(around: &Surroundings, place: &Place, row: &Row) -> Vec<Item> {
    let change = |text: &str, change| Item::of(text, Action::Workspace(place.clone(), row.id, change));
    let mut items = Vec::new();
    if !row.is_building {
        match row.status {
            WorkspaceStatus::Running => {
                items.extend([change("Stop", Change::Stop), change("Restart", Change::Restart)]);
            }
            WorkspaceStatus::Failed => {
                items.extend([change("Start", Change::Start), change("Stop", Change::Stop)]);
            }
            WorkspaceStatus::Deleted => {}
            _ => items.push(change("Start", Change::Start)),
        }
        if row.is_outdated {
            items.push(change("Update to the newest version", Change::Update));
        }
    }
    if let Some(deadline) = row.deadline.filter(|_| row.status == WorkspaceStatus::Running) {
        items.push(change(&format!("Stops at {}: one hour more", clock(deadline, around)), Change::Extend));
    }
    let favourite = Action::Workspace(place.clone(), row.id, Change::Favourite(!row.is_favourite));
    items.push(Item::switch("Favourite", row.is_favourite, favourite));
    items
}

/// What becomes of it when this laptop is shut.
fn lid(state: &State, row: &Row) -> Item {
    let chosen = state.settings.lid.get(&row.id).copied();
    let choice = |text: &str, minutes| Item::switch(text, chosen == minutes, Action::LidRule(row.id, minutes));
    let mut items = vec![choice("It keeps running", None)];
    items.extend([5, 15, 60].map(|minutes| choice(&format!("It stops after {minutes} minutes"), Some(minutes))));
    if let Some(other) = chosen.filter(|minutes| ![5, 15, 60].contains(minutes)) {
        items.push(choice(&format!("It stops after {other} minutes"), Some(other)));
    }
    items.push(Item::line("A session holds it; opening the lid starts it again."));
    Item::more("When the lid is shut", items)
}

/// The day and time of day where the person is.
pub fn clock(time: OffsetDateTime, around: &Surroundings) -> String {
    let local = around.offset.map_or(time, |offset| time.to_offset(offset));
    let zone = if around.offset.is_some() { "" } else { " UTC" };
    format!("{:02}:{:02}{zone} on {} {}", local.hour(), local.minute(), local.day(), local.month())
}
