//! For each thing that can be wrong: which step is named, and what a person reads.

use std::net::Ipv6Addr;

use client::tunnel::Picture;
use proto::id::{AgentId, WorkspaceId};
use proto::ipc::{
    Counters, DaemonPath, DaemonStatus, DeploymentState, DeploymentStatus, Event, Health, HealthCode, NameService,
    ServiceStatus,
};
use uuid::Uuid;

use super::super::resolver::{Resolver, describe};
use super::super::route::Route;
use super::{Facts, Service, State, judge};

const BOX: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 0, 0, 0, 0, 7);

fn picture(state: DeploymentState, names: NameService, health: &[HealthCode]) -> Picture {
    let mut picture = Picture::default();
    let all = |codes: &[HealthCode]| codes.iter().map(|code| Health::new(*code, "")).collect::<Vec<_>>();
    let service = ServiceStatus { names: Some(names), health: all(health), ..ServiceStatus::default() };
    picture.apply(Event::Service(service));
    let health = if state == DeploymentState::Failed { all(&[HealthCode::TokenRefused]) } else { Vec::new() };
    picture.apply(Event::Deployment(DeploymentStatus {
        url: "http://a/".into(),
        suffix: None,
        state,
        health,
        names: 3,
    }));
    picture
}

fn resolver() -> Resolver {
    describe("nameserver 127.0.0.53\n", "", "hosts: files dns\n", true)
}

/// A computer on which everything works.
fn good() -> Facts {
    let daemon = DaemonStatus {
        id: AgentId(Uuid::from_u128(1)),
        workspace: WorkspaceId(Uuid::from_u128(2)),
        workspace_name: "box".into(),
        name: "main".into(),
        hostnames: vec!["box.coder".into()],
        address: BOX,
        path: DaemonPath::Relay { region: 999, relay_ms: None },
        latency_ms: Some(4.0),
        handshake_age: None,
        counters: Counters::default(),
    };
    Facts {
        service: Service::On(picture(DeploymentState::Connected, NameService::Resolved, &[])),
        device: Some("homeport0".into()),
        has_ipv6: true,
        route: Route::Ours,
        neighbours: Vec::new(),
        name: "box.coder".into(),
        own_dns: Some(Ok(Some(BOX))),
        system_dns: Some(Some(vec![BOX.into()])),
        resolver: resolver(),
        tcp: Some(Ok(())),
        daemon: Some(daemon),
    }
}

/// The first failing step, `name: text -> next`, or `fine`; and how many were skipped.
fn first(facts: &Facts) -> (String, usize) {
    let steps = judge(facts);
    let skipped = steps.iter().filter(|step| step.state == State::Skipped).count();
    let failed = steps.iter().find(|step| step.state == State::Failed);
    let told = failed.map(|step| format!("{}: {} -> {}", step.name, step.text, step.next.as_deref().unwrap_or("?")));
    (told.unwrap_or_else(|| "fine".into()), skipped)
}

#[track_caller]
fn check(change: impl FnOnce(&mut Facts), expect: &[&str], skipped: usize) {
    let mut facts = good();
    change(&mut facts);
    let (told, found) = first(&facts);
    for part in expect {
        assert!(told.contains(part), "{told}\nlacks {part}");
    }
    assert_eq!(found, skipped, "{told}");
}

#[test]
fn a_healthy_computer_is_fine() {
    check(|_| {}, &["fine"], 0);
    check(|facts| facts.neighbours = vec!["tailscale0 (Tailscale)".into()], &["fine"], 0);
}

#[test]
fn the_service_comes_first() {
    let gone =
        |facts: &mut Facts| facts.service = Service::Absent("the service does not run".into(), "start it".into());
    check(gone, &["service: the service does not run -> start it"], 6);
    let denied = |facts: &mut Facts| facts.service = Service::Broken("may not speak".into(), "join the group".into());
    check(denied, &["service: may not speak -> join the group"], 6);
    let idle = |facts: &mut Facts| facts.service = Service::Idle(Picture::default());
    check(idle, &["service: it runs, but", "run `homeport connect start`"], 6);
    let with = |state, names, health: &'static [HealthCode]| {
        move |facts: &mut Facts| facts.service = Service::On(picture(state, names, health))
    };
    let refused = with(DeploymentState::Failed, NameService::Resolved, &[]);
    check(refused, &["service: http://a: The deployment does not accept the session any more -> Sign in again"], 6);
    check(with(DeploymentState::Dialling, NameService::Resolved, &[]), &["no deployment is connected yet"], 6);
    let denied = with(DeploymentState::Connected, NameService::None, &[HealthCode::TunDenied]);
    check(with(DeploymentState::Connected, NameService::Resolved, &[HealthCode::NoNetwork]), &["fine"], 0);
    let offline = with(DeploymentState::Dialling, NameService::Resolved, &[HealthCode::NoNetwork]);
    check(offline, &["service: This machine has no network -> Connect to a network"], 6);
    check(denied, &["service: The service may not create a network device -> Start it with CAP_NET_ADMIN"], 6);
}

#[test]
fn device_and_route_are_told_apart() {
    check(|facts| facts.device = None, &["device: the service has no network device"], 5);
    check(
        |facts| (facts.device, facts.has_ipv6) = (None, false),
        &["device: IPv6 is switched off", "disable_ipv6=0"],
        5,
    );
    let foreign = |facts: &mut Facts| facts.route = Route::Foreign("wg0".into());
    check(foreign, &["route: packets for our addresses leave through wg0 -> disconnect the VPN behind wg0"], 4);
    check(|facts| facts.route = Route::Missing, &["route: fd60:627a:a42b::/48 has no route"], 4);
}

#[test]
fn our_dns_comes_before_the_system_s() {
    let silent = |facts: &mut Facts| (facts.own_dns, facts.system_dns) = (Some(Err("timed out".into())), None);
    check(silent, &["own DNS: the tunnel's DNS does not answer: timed out -> a firewall"], 1);
    let unknown = |facts: &mut Facts| {
        (facts.own_dns, facts.system_dns, facts.tcp, facts.daemon) = (Some(Ok(None)), None, None, None);
    };
    check(unknown, &["own DNS: box.coder does not exist", "homeport list"], 3);
}

#[test]
fn the_resolver_in_the_way_is_named() {
    let unknown = |resolv_conf: &'static str, has_resolved, names, health: &'static [HealthCode]| {
        move |facts: &mut Facts| {
            facts.system_dns = Some(Some(Vec::new()));
            facts.resolver = describe(resolv_conf, "", "hosts: files dns\n", has_resolved);
            facts.service = Service::On(picture(DeploymentState::Connected, names, health));
        }
    };
    let none = unknown("nameserver 192.0.2.1\n", false, NameService::None, &[HealthCode::NoNameService]);
    check(
        none,
        &[
            "system resolver: it does not know the name: nothing here",
            "192.0.2.1",
            "install and enable systemd-resolved; SSH works with `homeport config-ssh`",
        ],
        0,
    );
    let foreign = "# Generated by NetworkManager\nnameserver 192.0.2.1\n";
    let bypassed = unknown(foreign, true, NameService::Resolved, &[]);
    check(
        bypassed,
        &["the servers that NetworkManager wrote", "-> link /etc/resolv.conf to /run/systemd/resolve/stub-resolv.conf"],
        0,
    );
    let tailscale = unknown("# generated by tailscale\nnameserver 100.100.100.100\n", true, NameService::Resolved, &[]);
    check(tailscale, &["that Tailscale wrote", "tailscale set --accept-dns=false"], 0);
    let stale = unknown("nameserver 127.0.0.53\n", true, NameService::Resolved, &[]);
    check(stale, &["resolvectl flush-caches"], 0);
    let fight = unknown("nameserver 192.0.2.1\n", false, NameService::ResolvConf, &[HealthCode::ResolverFight]);
    check(fight, &["Another program keeps overwriting", "Decide which"], 0);
    let other = |facts: &mut Facts| facts.system_dns = Some(Some(vec!["192.0.2.9".parse().unwrap()]));
    check(other, &["it says 192.0.2.9 instead: another server answers for the suffix"], 0);
    check(|facts| facts.system_dns = Some(None), &["it does not answer in time"], 0);
}

#[test]
fn the_far_end_comes_last() {
    let lost = |facts: &mut Facts| {
        facts.daemon.as_mut().unwrap().path = DaemonPath::None;
        facts.tcp = Some(Err("no answer within 5 s".into()));
    };
    let fresh = |facts: &mut Facts| facts.daemon.as_mut().unwrap().path = DaemonPath::None;
    check(fresh, &["fine"], 0);
    check(lost, &["path: no packet of the workspace daemon came yet"], 0);
    check(
        |facts| facts.tcp = Some(Err("Connection refused".into())),
        &["SSH port: no connection: Connection refused"],
        0,
    );
}

#[test]
fn user_space_mode_skips_what_it_has_not() {
    let userspace = |facts: &mut Facts| {
        let picture = picture(DeploymentState::Connected, NameService::None, &[]);
        (facts.service, facts.device, facts.route) = (Service::UserSpace(picture), None, Route::Missing);
        (facts.own_dns, facts.system_dns) = (None, None);
    };
    check(userspace, &["fine"], 4);
}
