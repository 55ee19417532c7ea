//! How states are said, and the rows that other tests use.

use super::*;

fn number(name: &str, kind: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(name.bytes().fold(kind, |sum, byte| (sum << 7) ^ (sum >> 121) ^ u128::from(byte)))
}

/// A workspace that runs, with one connected daemon.
pub fn running(name: &str) -> Row {
    Row {
        id: WorkspaceId(number(name, 1)),
        owner: "ann".into(),
        name: name.into(),
        status: WorkspaceStatus::Running,
        is_favourite: false,
        is_outdated: false,
        newest: TemplateVersionId::nil(),
        deadline: None,
        last_used: time::OffsetDateTime::UNIX_EPOCH,
        build: BuildId(uuid::Uuid::from_u128(1)),
        build_number: 1,
        transition: Transition::Start,
        is_building: false,
        queue: None,
        reason: String::new(),
        daemons: vec![Daemon {
            id: AgentId(number(name, 2)),
            name: "main".into(),
            is_sub: false,
            system: "linux".into(),
            folder: "/home/ann".into(),
            status: AgentStatus::Connected,
            lifecycle: AgentLifecycle::Ready,
            apps: Vec::new(),
        }],
    }
}

/// One that is stopped.
pub fn stopped(name: &str) -> Row {
    Row { status: WorkspaceStatus::Stopped, transition: Transition::Stop, daemons: Vec::new(), ..running(name) }
}

/// One whose start failed in another build.
pub fn failed(name: &str, reason: &str) -> Row {
    let build = BuildId(uuid::Uuid::from_u128(2));
    Row { status: WorkspaceStatus::Failed, reason: reason.into(), build, daemons: Vec::new(), ..running(name) }
}

/// One that is being started.
pub fn starting(name: &str) -> Row {
    let build = BuildId(uuid::Uuid::from_u128(2));
    Row { status: WorkspaceStatus::Starting, is_building: true, build, daemons: Vec::new(), ..running(name) }
}

#[test]
fn every_state_has_words_and_a_shape() {
    #[track_caller]
    fn check(row: Row, shape: char, words: &str) {
        assert_eq!((row.shape(), row.words().as_str()), (shape, words));
    }
    let daemon = |status, lifecycle| {
        let mut row = running("box");
        row.daemons[0].status = status;
        row.daemons[0].lifecycle = lifecycle;
        row
    };
    check(running("box"), '●', "running");
    check(stopped("box"), '○', "stopped");
    check(starting("box"), '◐', "starting");
    check(failed("box", "no disk"), '▲', "starting failed");
    check(Row { transition: Transition::Stop, ..failed("box", "") }, '▲', "stopping failed");
    check(
        Row { status: WorkspaceStatus::Pending, queue: Some(2), ..starting("box") },
        '◐',
        "waits to start, number 2 in the queue",
    );
    check(daemon(AgentStatus::Connecting, AgentLifecycle::Created), '◐', "running, its daemon connects");
    check(daemon(AgentStatus::Connected, AgentLifecycle::Starting), '●', "running, start scripts run");
    check(daemon(AgentStatus::Disconnected, AgentLifecycle::Ready), '▲', "running, its daemon is disconnected");
    check(daemon(AgentStatus::Connected, AgentLifecycle::StartError), '▲', "running, a start script failed");
    check(Row { daemons: Vec::new(), ..running("box") }, '◐', "running");
    check(Row { status: WorkspaceStatus::Unknown, ..stopped("box") }, '○', "in an unknown state");
}

#[test]
fn a_row_takes_of_a_body_what_is_shown() {
    let body = serde_json::json!({
        "name": "box", "owner_name": "ann", "favorite": true, "outdated": true,
        "latest_build": {
            "status": "running", "build_number": 3, "deadline": "0001-01-01T00:00:00Z",
            "job": { "status": "succeeded", "error": "a\u{1b}[31m\nb" },
            "resources": [{ "agents": [{
                "name": "main", "status": "connected", "lifecycle_state": "ready", "directory": "~", "expanded_directory": "/home/ann",
                "apps": [
                    { "slug": "web", "display_name": "Web" }, { "slug": "hidden", "hidden": true },
                    { "slug": "shell", "command": "htop" }, { "slug": "zed", "external": true, "url": "zed://ssh/box" },
                ],
            }] }],
        },
    });
    let row = Row::of(&serde_json::from_value(body).unwrap());
    assert!(row.is_favourite && row.is_outdated && row.is_usable() && !row.is_settling());
    assert_eq!(row.deadline, None);
    assert_eq!(row.reason, "a\u{fffd}[31m b");
    assert_eq!(row.daemons[0].folder, "/home/ann");
    let apps: Vec<_> = row.daemons[0].apps.iter().map(|app| (app.title.as_str(), app.external.as_deref())).collect();
    assert_eq!(apps, [("Web", None), ("zed", Some("zed://ssh/box"))]);
}
