//! Differences say exactly what changed, and every event fits a frame.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use proto::id::{AgentId, WorkspaceId};
use proto::ipc::frame::encode;
use proto::ipc::{
    Counters, DaemonPath, DaemonStatus, DeploymentState, DeploymentStatus, Event, FromService, Health, HealthCode,
    ServiceStatus,
};
use uuid::Uuid;

use super::Picture;

fn daemon(number: u128) -> DaemonStatus {
    DaemonStatus {
        id: AgentId(Uuid::from_u128(number)),
        workspace: WorkspaceId(Uuid::from_u128(number)),
        workspace_name: "w".repeat(63),
        name: "d".repeat(63),
        hostnames: vec!["n".repeat(253); 4],
        address: Ipv6Addr::LOCALHOST,
        path: DaemonPath::Relay { region: i32::MAX, relay_ms: Some(123.456_789_012_345) },
        latency_ms: Some(123.456_789_012_345),
        handshake_age: Some(u64::MAX),
        counters: Counters { received: u64::MAX, sent: u64::MAX },
    }
}

fn deployment(url: &str, names: u32) -> DeploymentStatus {
    DeploymentStatus {
        url: url.into(),
        suffix: Some("coder".into()),
        state: DeploymentState::Connected,
        health: vec![],
        names,
    }
}

fn picture(rows: &[(&str, u32, u128)]) -> Picture {
    let row = |(url, names, daemons): &(&str, u32, u128)| {
        let daemons = Arc::new((0..*daemons).map(daemon).collect());
        ((*url).to_owned(), (deployment(url, *names), daemons))
    };
    Picture { service: ServiceStatus::default(), deployments: rows.iter().map(row).collect() }
}

/// Short names of events.
fn names(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| match event {
        Event::Service(_) => "service".to_owned(),
        Event::Deployment(status) => format!("{} {}", status.url, status.names),
        Event::Daemons { url, is_first, daemons } => format!("{url} {is_first} {}", daemons.len()),
        Event::Removed { url } => format!("-{url}"),
        other => format!("{other:?}"),
    };
    events.iter().map(name).collect()
}

#[test]
fn only_differences_are_told() {
    #[track_caller]
    fn check(before: &Picture, after: &Picture, expect: &[&str]) {
        assert_eq!(names(&after.since(before)), expect);
    }
    let empty = Picture::default();
    check(&empty, &empty, &[]);
    check(&empty, &picture(&[("a", 1, 1)]), &["a 1", "a true 1"]);
    check(&picture(&[("a", 1, 1)]), &picture(&[("a", 1, 1)]), &[]);
    check(&picture(&[("a", 1, 1)]), &picture(&[("a", 2, 1)]), &["a 2"]);
    check(&picture(&[("a", 1, 1)]), &picture(&[("a", 1, 2)]), &["a true 2"]);
    check(&picture(&[("a", 1, 1)]), &picture(&[("a", 1, 0)]), &["a true 0"]);
    check(&picture(&[("a", 1, 1), ("b", 1, 1)]), &picture(&[("b", 1, 1)]), &["-a"]);
    check(&picture(&[("a", 1, 0)]), &picture(&[("a", 1, 50)]), &["a true 24", "a false 24", "a false 2"]);
    let mut ill = empty.clone();
    ill.service.health = vec![Health::new(HealthCode::NoNetwork, "")];
    check(&empty, &ill, &["service"]);
    assert_eq!(
        names(&picture(&[("a", 1, 0), ("b", 2, 25)]).whole()),
        ["service", "a 1", "a true 0", "b 2", "b true 24", "b false 1"]
    );
}

#[test]
fn differences_add_up_to_the_whole() {
    let steps = [
        picture(&[]),
        picture(&[("a", 1, 1)]),
        picture(&[("a", 1, 30), ("b", 1, 1)]),
        picture(&[("b", 2, 1)]),
        picture(&[]),
        picture(&[("b", 2, 60)]),
    ];
    let mut watcher = Picture::default();
    let mut before = Picture::default();
    for step in steps {
        let mut lists: BTreeMap<String, Vec<DaemonStatus>> = BTreeMap::new();
        for event in step.since(&before) {
            match event {
                Event::Service(service) => watcher.service = service,
                Event::Deployment(status) => {
                    let known = watcher.deployments.entry(status.url.clone());
                    known.or_insert_with(|| (status.clone(), Arc::default())).0 = status.clone();
                }
                Event::Daemons { url, is_first, daemons } => {
                    let list = lists.entry(url).or_default();
                    assert_eq!(is_first, list.is_empty());
                    list.extend(daemons);
                }
                Event::Removed { url } => drop(watcher.deployments.remove(&url)),
                other => panic!("{other:?}"),
            }
        }
        for (url, list) in lists {
            watcher.deployments.get_mut(&url).unwrap().1 = Arc::new(list);
        }
        assert_eq!(watcher, step);
        before = step;
    }
}

#[test]
fn the_longest_event_fits_a_frame() {
    for event in picture(&[(&"u".repeat(2048), 1, 24)]).whole() {
        encode(&FromService::Event(event)).unwrap();
    }
}
