//! `homeport connect status`: which mode is on, where each deployment stands, how each workspace daemon is reached.

use client::tunnel::{DeploymentPicture, Picture};
use proto::ipc::{DaemonPath, DaemonStatus, DeploymentState, HealthCode, LocalPort, NameService};
use serde::Serialize;

use super::modes::{self, Mode};
use super::start::sentence;
use crate::table::{Column, Output, print_json, render, span};
use crate::terminal::{print, progress};

/// Options of `connect status`.
#[derive(clap::Args)]
pub struct Args {
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report {
    /// `system`, `user-space`, or `off`.
    mode: &'static str,
    tunnels: Vec<Shown>,
    problems: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    mode: Mode,
    service: Option<proto::ipc::ServiceStatus>,
    deployments: Vec<ShownDeployment>,
}

#[derive(Serialize)]
struct ShownDeployment {
    #[serde(flatten)]
    status: Option<proto::ipc::DeploymentStatus>,
    daemons: Vec<DaemonStatus>,
    ports: Vec<LocalPort>,
}

pub async fn run(args: Args) -> anyhow::Result<u8> {
    let (found, errors) = modes::look().await;
    let is_on = !found.is_empty();
    match args.output {
        Output::Json => print_json(&report(found, &errors))?,
        Output::Table => {
            for (mode, picture) in &found {
                print(&text(*mode, picture)?);
            }
            if !is_on && errors.is_empty() {
                print("The tunnel is off. `homeport connect start` switches it on.");
            }
            for error in &errors {
                let next = error.next_step().map(|step| format!("; {step}")).unwrap_or_default();
                progress(&format!("{error}{next}"));
            }
        }
    }
    Ok(if is_on { 0 } else { 1 })
}

fn report(found: Vec<(Mode, Picture)>, errors: &[client::tunnel::TunnelError]) -> Report {
    let mode = match found.first() {
        Some((Mode::System, _)) => "system",
        Some((Mode::UserSpace, _)) => "user-space",
        None => "off",
    };
    let deployment =
        |of: DeploymentPicture| ShownDeployment { status: of.status, daemons: of.daemons, ports: of.ports };
    let shown = |(mode, picture): (Mode, Picture)| Shown {
        mode,
        service: picture.service,
        deployments: picture.deployments.into_values().map(deployment).collect(),
    };
    let problems = errors.iter().map(ToString::to_string).collect();
    Report { mode, tunnels: found.into_iter().map(shown).collect(), problems }
}

/// A daemon and the local ports that lead to it.
struct Row {
    daemon: DaemonStatus,
    ports: Vec<LocalPort>,
}

const DAEMONS: &[Column<Row>] = &[
    Column { name: "name", cell: |row| name(&row.daemon) },
    Column { name: "path", cell: |row| path(&row.daemon.path) },
    Column { name: "latency", cell: |row| milliseconds(row.daemon.latency_ms) },
    Column { name: "handshake", cell: |row| handshake(row.daemon.handshake_age) },
    Column { name: "in", cell: |row| bytes(row.daemon.counters.received) },
    Column { name: "out", cell: |row| bytes(row.daemon.counters.sent) },
    Column { name: "local ports", cell: |row| ports(row) },
];

/// One way for people.
pub fn text(mode: Mode, picture: &Picture) -> anyhow::Result<String> {
    let mut lines = vec![heading(mode, picture)];
    let machine = picture.service.as_ref().map(|service| HealthCode::roots(&service.health)).unwrap_or_default();
    lines.extend(machine.iter().map(|health| format!("  ! {}", sentence("", health))));
    let columns: &[&str] = match mode {
        Mode::System => &["name", "path", "latency", "handshake", "in", "out"],
        Mode::UserSpace => &["name", "path", "latency", "local ports"],
    };
    for (url, deployment) in &picture.deployments {
        lines.push(String::new());
        lines.push(standing(url, deployment));
        let health = deployment.status.as_ref().map(|status| HealthCode::roots(&status.health)).unwrap_or_default();
        lines.extend(health.iter().map(|health| format!("  ! {}", sentence("", health))));
        let row = |daemon: &DaemonStatus| Row {
            daemon: daemon.clone(),
            ports: deployment.ports.iter().filter(|port| port.daemon == daemon.id).cloned().collect(),
        };
        let rows: Vec<Row> = deployment.daemons.iter().map(row).collect();
        if !rows.is_empty() {
            lines.extend(render(&rows, DAEMONS, &[], columns)?.lines().map(|line| format!("  {line}")));
        }
    }
    Ok(lines.join("\n"))
}

fn heading(mode: Mode, picture: &Picture) -> String {
    if mode == Mode::UserSpace {
        return "User-space mode is on: local ports on 127.0.0.1, names for SSH through `homeport config-ssh`.".into();
    }
    let service = picture.service.clone().unwrap_or_default();
    let device = service.device.as_deref().map_or_else(|| "no device".into(), |device| format!("device {device}"));
    let names = match service.names {
        Some(NameService::Resolved) => "names through systemd-resolved",
        Some(NameService::NetworkManager) => "names through NetworkManager",
        Some(NameService::Openresolv) => "names through resolvconf",
        Some(NameService::ResolvConf) => "names through /etc/resolv.conf",
        Some(NameService::None) | None => "the system's resolver does not know our names",
    };
    format!("The system tunnel is on: {device}, {names}.")
}

fn standing(url: &str, deployment: &DeploymentPicture) -> String {
    let url = url.trim_end_matches('/');
    let Some(status) = &deployment.status else { return format!("{url}: waiting") };
    let state = match status.state {
        DeploymentState::Asking => "asking who we are",
        DeploymentState::Dialling => "dialling",
        DeploymentState::Connected => "connected",
        DeploymentState::Reconnecting => "reconnecting; direct paths go on",
        DeploymentState::Failed => "failed",
    };
    let suffix = status.suffix.as_deref().map(|suffix| format!(", names under .{suffix}")).unwrap_or_default();
    format!("{url}: {state}{suffix}")
}

pub fn name(daemon: &DaemonStatus) -> String {
    daemon.hostnames.first().cloned().unwrap_or_else(|| format!("{}.{}", daemon.workspace_name, daemon.name))
}

pub fn path(path: &DaemonPath) -> String {
    match path {
        DaemonPath::Direct { address } => format!("direct {address}"),
        DaemonPath::Relay { region, relay_ms: Some(relay) } => format!("relay {region} ({relay:.1} ms of it)"),
        DaemonPath::Relay { region, relay_ms: None } => format!("relay {region}"),
        DaemonPath::None => "none yet".into(),
    }
}

fn milliseconds(latency: Option<f64>) -> String {
    latency.map_or_else(|| "-".into(), |latency| format!("{latency:.1} ms"))
}

fn handshake(age: Option<u64>) -> String {
    age.and_then(|age| i64::try_from(age).ok()).map_or_else(|| "never".into(), |age| format!("{} ago", span(age)))
}

fn bytes(count: u64) -> String {
    match count {
        ..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{} kB", count / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", count / 1_000_000),
        _ => format!("{} GB", count / 1_000_000_000),
    }
}

/// `22 at 8022, 8080`: the port there, and where it is here when that differs.
fn ports(row: &Row) -> String {
    let shown = row.ports.iter().map(|port| match (port.is_here, port.local == port.remote) {
        (true, _) => format!("{} (this computer)", port.remote),
        (false, true) => port.local.to_string(),
        (false, false) => format!("{} at {}", port.remote, port.local),
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { "-".into() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests;
