//! What the facts mean: each step on the way to a workspace as fine, failed with its cause and fix, or skipped because
//! an earlier one failed. Pure.

use std::net::{IpAddr, Ipv6Addr};

use client::tunnel::Picture;
use proto::address::is_in_tunnel;
use proto::ipc::{DaemonPath, DaemonStatus, DeploymentState, HealthCode, NameService};
use serde::Serialize;

use super::resolver::Resolver;
use super::route::Route;
use crate::connect::start::sentence;

/// The tunnel service.
pub enum Service {
    /// It reaches deployments, or tries to.
    On(Picture),
    /// It runs and was asked for nothing.
    Idle(Picture),
    /// User-space mode instead of it.
    UserSpace(Picture),
    /// There is none; with the next step.
    Absent(String, String),
    /// It cannot be spoken with; with the next step.
    Broken(String, String),
}

/// Everything that was found out. `None` means that it was not asked.
pub struct Facts {
    /// The tunnel service.
    pub service: Service,
    /// The tunnel's network device.
    pub device: Option<String>,
    /// Whether this computer has IPv6 at all.
    pub has_ipv6: bool,
    /// Where the tunnel's addresses lead.
    pub route: Route,
    /// Devices of other VPNs.
    pub neighbours: Vec<String>,
    /// The name that was asked for.
    pub name: String,
    /// What the tunnel's own DNS says of it.
    pub own_dns: Option<Result<Option<Ipv6Addr>, String>>,
    /// What the system's resolver says of it; the inner `None` when it does not answer.
    pub system_dns: Option<Option<Vec<IpAddr>>>,
    /// Who that is.
    pub resolver: Resolver,
    /// Whether the workspace's SSH port accepts.
    pub tcp: Option<Result<(), String>>,
    /// The workspace daemon, as the service sees it.
    pub daemon: Option<DaemonStatus>,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Fine.
    Ok,
    /// Broken.
    Failed,
    /// Not looked at.
    Skipped,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was looked at.
    pub name: &'static str,
    /// How it went.
    pub state: State,
    /// What was seen, or the cause.
    pub text: String,
    /// The fix.
    pub next: Option<String>,
}

/// Judges all steps, in the order of the way.
pub fn judge(facts: &Facts) -> Vec<Step> {
    let service = service(facts);
    let is_on = matches!(facts.service, Service::On(_)) && service.state != State::Failed;
    let is_broken = service.state == State::Failed;
    let after = |step: fn(&Facts) -> Step, name: &'static str| match (&facts.service, is_on) {
        (_, true) => step(facts),
        (Service::UserSpace(_), _) => skipped(name, "user-space mode has none"),
        _ => skipped(name, "the tunnel is not on"),
    };
    let device = after(device, "device");
    let route =
        if device.state == State::Failed { skipped("route", "there is no device") } else { after(route, "route") };
    let is_routed = route.state == State::Ok;
    let needs_route = |step: fn(&Facts) -> Step, name: &'static str| match is_on && !is_routed {
        true => skipped(name, "packets do not reach the tunnel"),
        false => after(step, name),
    };
    let (own, system) = (needs_route(own_dns, "own DNS"), needs_route(system_dns, "system resolver"));
    let far = |step: fn(&Facts) -> Step, name: &'static str| match &facts.service {
        _ if is_broken || (is_on && !is_routed) => skipped(name, "an earlier step failed"),
        Service::On(_) | Service::UserSpace(_) => step(facts),
        _ => skipped(name, "the tunnel is not on"),
    };
    let (path, tcp) = (far(path, "path"), far(tcp, "SSH port"));
    vec![service, device, route, own, system, path, tcp, neighbours(facts)]
}

fn service(facts: &Facts) -> Step {
    const NAME: &str = "service";
    let picture = match &facts.service {
        Service::Absent(what, next) | Service::Broken(what, next) => return failed(NAME, what, next),
        Service::Idle(picture) => {
            let health = picture.service.as_ref().map(|service| HealthCode::roots(&service.health)).unwrap_or_default();
            return match health.first() {
                Some(health) if health.code != HealthCode::NoNameService => {
                    failed(NAME, &cause("", health), health.code.next_step())
                }
                _ => failed(NAME, "it runs, but was told of no deployment", "run `homeport connect start`"),
            };
        }
        Service::On(picture) | Service::UserSpace(picture) => picture,
    };
    let statuses = || picture.deployments.values().filter_map(|deployment| deployment.status.as_ref());
    let machine = picture.service.as_ref().map(|service| HealthCode::roots(&service.health)).unwrap_or_default();
    let connected = statuses().filter(|status| status.state == DeploymentState::Connected).count();
    let is_here = |code: HealthCode| match code {
        // What is wrong with names has a step of its own.
        HealthCode::NoNameService | HealthCode::ResolverFight => false,
        // A deployment of this computer needs no network.
        HealthCode::NoNetwork => connected == 0,
        _ => true,
    };
    if let Some(health) = machine.iter().find(|health| is_here(health.code)) {
        return failed(NAME, &cause("", health), health.code.next_step());
    }
    if connected == 0 {
        let broken =
            statuses().find_map(|status| Some((status, HealthCode::roots(&status.health).into_iter().next()?)));
        return match broken {
            Some((status, health)) => failed(NAME, &cause(&status.url, &health), health.code.next_step()),
            None => failed(NAME, "no deployment is connected yet", "wait a few seconds, then look again"),
        };
    }
    match facts.service {
        Service::UserSpace(_) => fine(NAME, format!("user-space mode is on, {connected} connected")),
        _ => fine(NAME, format!("the system tunnel is on, {connected} connected")),
    }
}

fn device(facts: &Facts) -> Step {
    const NAME: &str = "device";
    match &facts.device {
        Some(device) => fine(NAME, device.clone()),
        None if !facts.has_ipv6 => failed(NAME, HealthCode::Ipv6Off.title(), HealthCode::Ipv6Off.next_step()),
        None => {
            failed(NAME, "the service has no network device", "look at its log with `journalctl -u homeport-tunnel`")
        }
    }
}

fn route(facts: &Facts) -> Step {
    const NAME: &str = "route";
    match &facts.route {
        Route::Ours => fine(NAME, "fd60:627a:a42b::/48 leads into the tunnel".into()),
        Route::Foreign(device) => failed(
            NAME,
            &format!("packets for our addresses leave through {device}"),
            &format!("disconnect the VPN behind {device}, or have it leave out fd60:627a:a42b::/48"),
        ),
        Route::Missing => failed(
            NAME,
            "fd60:627a:a42b::/48 has no route into the tunnel; another program removed it",
            "run `homeport connect stop`, then `homeport connect start`",
        ),
    }
}

fn own_dns(facts: &Facts) -> Step {
    const NAME: &str = "own DNS";
    match &facts.own_dns {
        Some(Ok(Some(address))) => fine(NAME, format!("{} is {address}", facts.name)),
        Some(Ok(None)) => failed(
            NAME,
            &format!("{} does not exist: the workspace is stopped, or has another name", facts.name),
            "`homeport list` shows the workspaces, `homeport connect status` their names",
        ),
        Some(Err(error)) => failed(
            NAME,
            &format!("the tunnel's DNS does not answer: {error}"),
            "a firewall of this computer may drop UDP to fd60:627a:a42b::53; else restart the service",
        ),
        None => skipped(NAME, "not asked"),
    }
}

fn system_dns(facts: &Facts) -> Step {
    const NAME: &str = "system resolver";
    let who = who(&facts.resolver);
    match &facts.system_dns {
        None => skipped(NAME, "the tunnel's own DNS does not know the name"),
        Some(Some(found)) if found.iter().any(|address| is_in_tunnel(*address)) => {
            fine(NAME, format!("the same ({who})"))
        }
        Some(Some(found)) if !found.is_empty() => failed(
            NAME,
            &format!("it says {} instead: another server answers for the suffix ({who})", found[0]),
            "remove the suffix from the other VPN's or the local resolver's domains",
        ),
        Some(None) => failed(
            NAME,
            &format!("it does not answer in time ({who})"),
            "check its servers; our names are not the cause",
        ),
        Some(Some(_)) => {
            let (cause, next) = untold(facts);
            failed(NAME, &format!("it does not know the name: {cause} ({who})"), &next)
        }
    }
}

/// Why the system's resolver does not know a name that we know.
fn untold(facts: &Facts) -> (String, String) {
    let Service::On(picture) = &facts.service else { return (String::new(), String::new()) };
    let service = picture.service.clone().unwrap_or_default();
    let with_ssh = "SSH works with `homeport config-ssh`";
    if let Some(health) = service.health.iter().find(|health| health.code == HealthCode::ResolverFight) {
        return (cause("", health), health.code.next_step().to_owned());
    }
    let resolver = &facts.resolver;
    let author = resolver.author.unwrap_or("somebody");
    match service.names {
        None | Some(NameService::None) if !resolver.has_resolved => {
            let next = format!("install and enable systemd-resolved; {with_ssh}");
            ("nothing here can be told of single domains".into(), next)
        }
        None | Some(NameService::None) => {
            let next = format!("look at the service's log with `journalctl -u homeport-tunnel`; {with_ssh}");
            ("the service could not tell systemd-resolved".into(), next)
        }
        Some(NameService::Resolved) if !resolver.leads_to_resolved() => {
            let fix = match resolver.author {
                Some("Tailscale") => "switch its DNS off with `tailscale set --accept-dns=false`, then",
                _ => "",
            };
            let next = format!("{fix} link /etc/resolv.conf to /run/systemd/resolve/stub-resolv.conf; {with_ssh}");
            let cause = format!(
                "systemd-resolved was told, but programs ask the servers that {author} wrote into /etc/resolv.conf"
            );
            (cause, next.trim_start().to_owned())
        }
        Some(_) => (
            "it was told, and forgot or keeps an old answer".into(),
            "run `resolvectl flush-caches`, then look again".into(),
        ),
    }
}

/// The resolver in words.
fn who(resolver: &Resolver) -> String {
    let servers = if resolver.servers.is_empty() { "no server".into() } else { resolver.servers.join(", ") };
    let author = resolver.author.map(|author| format!(", written by {author}")).unwrap_or_default();
    let resolved = if resolver.has_resolved { "; systemd-resolved runs" } else { "" };
    format!("hosts: {}; resolv.conf: {servers}{author}{resolved}", resolver.nsswitch)
}

fn path(facts: &Facts) -> Step {
    const NAME: &str = "path";
    let Some(daemon) = &facts.daemon else { return skipped(NAME, "no workspace runs under this name") };
    let latency = daemon.latency_ms.map(|latency| format!(", {latency:.1} ms")).unwrap_or_default();
    match &daemon.path {
        DaemonPath::Direct { address } => fine(NAME, format!("direct to {address}{latency}")),
        DaemonPath::Relay { region, .. } => fine(NAME, format!("through relay {region}{latency}")),
        // The service measures every few seconds.
        DaemonPath::None if matches!(facts.tcp, Some(Ok(()))) => fine(NAME, "packets arrive; not measured yet".into()),
        DaemonPath::None => failed(
            NAME,
            "no packet of the workspace daemon came yet",
            "look at `homeport show` for its state and at `homeport netcheck` for this network",
        ),
    }
}

fn tcp(facts: &Facts) -> Step {
    const NAME: &str = "SSH port";
    match &facts.tcp {
        Some(Ok(())) => fine(NAME, "accepts connections".into()),
        Some(Err(error)) => failed(
            NAME,
            &format!("no connection: {error}"),
            "the workspace daemon may be starting; `homeport ping` shows whether packets arrive",
        ),
        None => skipped(NAME, "no workspace runs under this name"),
    }
}

fn neighbours(facts: &Facts) -> Step {
    const NAME: &str = "other VPNs";
    match facts.neighbours.as_slice() {
        [] => fine(NAME, "none".into()),
        // They only matter when a step above says so.
        others => fine(NAME, format!("{}; they may stay unless a step above names them", others.join(", "))),
    }
}

/// Title and detail, without the next step.
fn cause(url: &str, health: &proto::ipc::Health) -> String {
    let whole = sentence(url.trim_end_matches('/'), health);
    whole.strip_suffix(health.code.next_step()).unwrap_or(&whole).trim_end_matches([' ', '.']).to_owned()
}

fn fine(name: &'static str, text: String) -> Step {
    Step { name, state: State::Ok, text, next: None }
}

fn failed(name: &'static str, text: &str, next: &str) -> Step {
    let next = (!next.is_empty()).then(|| next.to_owned());
    Step { name, state: State::Failed, text: text.to_owned(), next }
}

fn skipped(name: &'static str, why: &str) -> Step {
    Step { name, state: State::Skipped, text: why.to_owned(), next: None }
}

#[cfg(test)]
mod tests;
