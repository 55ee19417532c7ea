//! Every state in words, and who is connected.

use client::reachable::Registration;
use proto::daemon_report::{DaemonReport, OpenPort, OpenSession};
use proto::id::WorkspaceId;
use time::OffsetDateTime;

use super::text;

fn check(state: &str, report: Option<&DaemonReport>, expect: &[&str]) {
    let registration = Registration {
        url: "https://dev.example.com/".into(),
        workspace: WorkspaceId::default(),
        name: "laptop".into(),
        owner: "ann".into(),
        daemon: "main".into(),
        is_paused: false,
    };
    let now = OffsetDateTime::from_unix_timestamp(1000).unwrap();
    assert_eq!(text(state, Some(&registration), report, now), expect);
}

#[test]
fn every_state_is_said_with_who_is_connected() {
    assert!(text("off", None, None, OffsetDateTime::UNIX_EPOCH)[0].contains("reachable nowhere"));
    let first = |state| format!("laptop at https://dev.example.com, for ann: {state}");
    let paused = "Nobody can connect. `homeport reachable resume` takes connections again.";
    check("paused", None, &[&first("paused"), paused]);
    let nobody = DaemonReport { is_connected: true, problem: Some("old".into()), ..DaemonReport::default() };
    check("connected", Some(&nobody), &[&first("connected"), "  nobody is connected"]);
    let trouble =
        DaemonReport { is_connected: false, problem: Some("refused\u{1b}".into()), ..DaemonReport::default() };
    check("connecting", Some(&trouble), &[&first("connecting"), "  ! refused\u{fffd}", "  nobody is connected"]);
    let busy = DaemonReport {
        is_connected: true,
        sessions: vec![OpenSession { kind: "ssh".into(), since: 940, from: Some("fd7a::1".parse().unwrap()) }],
        ports: vec![OpenPort { port: 8080, connections: 3 }],
        ..DaemonReport::default()
    };
    let lines = [&first("connected"), "  ssh session from fd7a::1, for 1m0s", "  port 8080: 3 connections"];
    check("connected", Some(&busy), &lines);
}
