//! `homeport diagnose`: walks from the tunnel service to a workspace's SSH port, and names the first step that fails,
//! who is in the way, and the fix. Facts are collected here; `verdict.rs` judges them.

mod neighbours;
pub mod resolver;
mod route;
mod verdict;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use client::tunnel::Picture;
use mesh::names::{ENABLED, Suffix};
use proto::ipc::{DaemonStatus, DeploymentState};
use tokio::net::TcpStream;

use crate::connect::exists;
use crate::connect::modes::{self, Mode};
use crate::table::{Output, print_json};
use crate::terminal::{harmless, has_colour, print};
use verdict::{Facts, Service, State, Step, judge};

/// A daemon that is connected accepts at once; over a distant relay within a second or two.
const TCP_LIMIT: Duration = Duration::from_secs(5);
const SSH: u16 = 22;

/// Options of `diagnose`.
#[derive(clap::Args)]
pub struct Args {
    /// A host name of a workspace; the first one that the tunnel knows without it.
    host: Option<String>,
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

pub async fn run(args: Args) -> anyhow::Result<u8> {
    let steps = steps(args.host.as_deref()).await;
    match args.output {
        Output::Json => print_json(&steps)?,
        Output::Table => lines(&steps, has_colour()).iter().for_each(|line| print(line)),
    }
    Ok(if steps.iter().any(|step| step.state == State::Failed) { 1 } else { 0 })
}

/// Looks and judges.
pub async fn steps(host: Option<&str>) -> Vec<Step> {
    judge(&collect(host).await)
}

async fn collect(host: Option<&str>) -> Facts {
    let service = service().await;
    let picture = match &service {
        Service::On(picture) | Service::UserSpace(picture) => Some(picture),
        _ => None,
    };
    let device = picture.and_then(|picture| picture.service.as_ref()?.device.clone());
    let host = host.map(|host| host.trim_end_matches('.').to_ascii_lowercase());
    let daemon = picture.and_then(|picture| daemon_of(picture, host.as_deref())).cloned();
    let name = host.or_else(|| daemon.as_ref()?.hostnames.first().cloned()).unwrap_or_else(|| enabled(picture));
    let is_on = exists::is_on();
    let (own_dns, system_dns) = tokio::task::spawn_blocking({
        let name = name.clone();
        let is_told = picture.is_none_or(is_told);
        move || ask(&name, is_on, is_told)
    })
    .await
    .unwrap_or((None, None));
    let address = daemon.as_ref().map(|daemon| daemon.address).or(own_dns.clone().and_then(|own| own.ok().flatten()));
    let tcp = match (&service, address) {
        (Service::UserSpace(picture), _) => match local_port(picture, daemon.as_ref()) {
            Some(port) => Some(connects(SocketAddr::from(([127, 0, 0, 1], port))).await),
            None => None,
        },
        (_, Some(address)) if is_on => Some(connects((address, SSH).into()).await),
        _ => None,
    };
    Facts {
        route: route::look(device.as_deref(), is_on),
        neighbours: neighbours::look(device.as_deref()),
        has_ipv6: std::fs::read_to_string("/proc/net/if_inet6").is_ok_and(|text| !text.trim().is_empty()),
        resolver: resolver::look(),
        service,
        device,
        name,
        own_dns,
        system_dns,
        tcp,
        daemon,
    }
}

async fn service() -> Service {
    let error = match modes::open(Mode::System).await {
        Ok(mut tunnel) => match tunnel.watch().await {
            Ok(picture) if picture.deployments.is_empty() => Service::Idle(picture),
            Ok(picture) => return Service::On(picture),
            Err(error) => Service::Broken(error.to_string(), error.next_step().unwrap_or_default()),
        },
        Err(error) if error.is_absent() => Service::Absent(error.to_string(), error.next_step().unwrap_or_default()),
        Err(error) => Service::Broken(error.to_string(), error.next_step().unwrap_or_default()),
    };
    // User-space mode may be on beside a service that is not.
    if let Ok(mut tunnel) = modes::open(Mode::UserSpace).await
        && let Ok(picture) = tunnel.watch().await
    {
        return Service::UserSpace(picture);
    }
    error
}

/// The daemon with this name, or the first one.
fn daemon_of<'a>(picture: &'a Picture, host: Option<&str>) -> Option<&'a DaemonStatus> {
    let mut all = picture.deployments.values().flat_map(|deployment| &deployment.daemons);
    match host {
        Some(host) => all.find(|daemon| daemon.hostnames.iter().any(|name| name == host)),
        None => all.find(|daemon| !daemon.hostnames.is_empty()),
    }
}

/// The name that says that the tunnel is on, when there is no workspace to ask for.
fn enabled(picture: Option<&Picture>) -> String {
    let statuses = picture.into_iter().flat_map(|picture| picture.deployments.values());
    let suffix = statuses
        .filter_map(|deployment| deployment.status.as_ref())
        .filter(|status| status.state == DeploymentState::Connected)
        .find_map(|status| status.suffix.clone());
    format!("{ENABLED}.{}", suffix.as_deref().unwrap_or(Suffix::DEFAULT))
}

/// Whether the service told the system's resolver of our names.
fn is_told(picture: &Picture) -> bool {
    exists::reaches_programs(picture.service.as_ref().and_then(|service| service.names))
}

/// Our DNS first; the system's resolver only when ours knows the name and it was told that the name is ours, so that
/// no name leaves this computer.
fn ask(
    name: &str,
    is_on: bool,
    is_told: bool,
) -> (Option<Result<Option<Ipv6Addr>, String>>, Option<Option<Vec<IpAddr>>>) {
    if !is_on {
        return (None, None);
    }
    let own = exists::ask_own(name).map_err(|error| error.to_string());
    let ask_system = || if is_told { exists::ask_system(name) } else { Some(Vec::new()) };
    let system = matches!(own, Ok(Some(_))).then(ask_system);
    (Some(own), system)
}

fn local_port(picture: &Picture, daemon: Option<&DaemonStatus>) -> Option<u16> {
    let id = daemon?.id;
    let mut ports = picture.deployments.values().flat_map(|deployment| &deployment.ports);
    ports.find(|port| port.daemon == id && port.remote == SSH).map(|port| port.local)
}

async fn connects(to: SocketAddr) -> Result<(), String> {
    match tokio::time::timeout(TCP_LIMIT, TcpStream::connect(to)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", TCP_LIMIT.as_secs())),
    }
}

/// The steps for people.
pub fn lines(steps: &[Step], has_colour: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for step in steps {
        let (word, colour) = match step.state {
            State::Ok => ("ok     ", "32"),
            State::Failed => ("FAILED ", "31"),
            State::Skipped => ("skipped", "2"),
        };
        let word = if has_colour { format!("\x1b[{colour}m{word}\x1b[0m") } else { word.to_owned() };
        lines.push(format!("{word}  {:<16} {}", step.name, harmless(&step.text)));
        if let Some(next) = &step.next {
            lines.push(format!("{:>27}{}", "-> ", harmless(next)));
        }
    }
    lines
}
