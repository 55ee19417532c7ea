//! The page as a person reads it.

use std::net::Ipv6Addr;

use client::tunnel::Picture;
use proto::id::{AgentId, WorkspaceId};
use proto::ipc::{
    Counters, DaemonPath, DaemonStatus, DeploymentState, DeploymentStatus, Event, Health, HealthCode, LocalPort,
    NameService, ServiceStatus,
};
use uuid::Uuid;

use super::{Mode, text};

fn daemon(number: u128, path: DaemonPath) -> DaemonStatus {
    DaemonStatus {
        id: AgentId(Uuid::from_u128(number)),
        workspace: WorkspaceId(Uuid::from_u128(9)),
        workspace_name: "box".into(),
        name: "main".into(),
        hostnames: vec![format!("box{number}.coder")],
        address: Ipv6Addr::LOCALHOST,
        path,
        latency_ms: Some(1.25),
        handshake_age: Some(61),
        counters: Counters { received: 999, sent: 2_500_000 },
    }
}

fn picture() -> Picture {
    let url = || "http://127.0.0.1:7080/".to_owned();
    let mut picture = Picture::default();
    let names = Some(NameService::Resolved);
    let service = ServiceStatus { device: Some("homeport0".into()), names, ..ServiceStatus::default() };
    picture.apply(Event::Service(service));
    let health = vec![Health::new(HealthCode::NameClash, "box.coder"), Health::new(HealthCode::NoRelay, "999")];
    let status = DeploymentStatus {
        url: url(),
        suffix: Some("coder".into()),
        state: DeploymentState::Connected,
        health,
        names: 3,
    };
    picture.apply(Event::Deployment(status));
    let daemons = vec![
        daemon(1, DaemonPath::Direct { address: "192.0.2.1:4000".parse().unwrap() }),
        daemon(2, DaemonPath::Relay { region: 999, relay_ms: Some(0.5) }),
    ];
    picture.apply(Event::Daemons { url: url(), is_first: true, daemons });
    picture
}

#[test]
fn a_person_sees_mode_state_path_and_latency() {
    let shown = text(Mode::System, &picture()).unwrap();
    let expect = "The system tunnel is on: device homeport0, names through systemd-resolved.\n\n\
        http://127.0.0.1:7080: connected, names under .coder\n  \
        ! Two deployments have a workspace of the same name (box.coder). Use the long name (`<daemon>.<workspace>.<owner>.<suffix>`), or rename one.\n  \
        ! No relay can be reached (999). Direct connections still work; check a proxy or firewall in the way with `homeport netcheck`.\n  \
        NAME        PATH                   LATENCY  HANDSHAKE  IN     OUT\n  \
        box1.coder  direct 192.0.2.1:4000  1.2 ms   1m1s ago   999 B  2 MB\n  \
        box2.coder  relay 999 (0.5 ms of it)  1.2 ms   1m1s ago   999 B  2 MB";
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeeze(&shown), squeeze(expect), "{shown}");
}

#[test]
fn user_space_mode_shows_where_ports_lead() {
    let mut picture = picture();
    let port =
        |number, remote, local, is_here| LocalPort { daemon: AgentId(Uuid::from_u128(number)), remote, local, is_here };
    let ports = vec![port(1, 22, 8022, false), port(1, 8080, 8080, false), port(2, 3000, 3000, true)];
    picture.apply(Event::Ports { url: "http://127.0.0.1:7080/".into(), ports });
    let shown = text(Mode::UserSpace, &picture).unwrap();
    assert!(shown.contains("22 at 8022, 8080\n"), "{shown}");
    assert!(shown.ends_with("3000 (this computer)"), "{shown}");
}
