//! What answers of deployments mean, and the rows of daemons.

use std::collections::BTreeMap;
use std::time::Duration;

use client::error::Refusal;
use client::{ClientError, Deployment, DialError};
use mesh::driver::{MeshStatus, Path, PeerStatus};
use mesh::names::{Suffix, Zone};
use proto::id::PeerId;
use proto::ipc::{DaemonPath, HealthCode};
use proto::key::NodePrivate;
use proto::secret::Secret;
use proto::tailnet::{Agent, Workspace, WorkspaceUpdate};
use uuid::Uuid;

use super::ask::{ask, of, refused};
use super::vitals::{no_relay, rows};

fn refusal(status: u16, field: &str) -> Refusal {
    let validations = (!field.is_empty()).then(|| (field.to_owned(), "no".to_owned())).into_iter().collect();
    Refusal { status, message: "said so".into(), detail: String::new(), validations }
}

#[test]
fn what_a_failed_call_means() {
    #[track_caller]
    fn check(error: &ClientError, code: HealthCode, is_final: bool) {
        let found = of(error);
        assert_eq!((found.health.code, found.is_final), (code, is_final), "{error}");
        assert!(!found.health.detail.is_empty());
    }
    use HealthCode as C;
    for (status, code, is_final) in [
        (401, C::TokenRefused, true),
        (404, C::DeploymentTooOld, true),
        (403, C::DeploymentUnreachable, false),
        (429, C::DeploymentUnreachable, false),
        (500, C::DeploymentUnreachable, false),
        (503, C::DeploymentUnreachable, false),
    ] {
        check(&ClientError::Refused(refusal(status, "")), code, is_final);
    }
    let io = || Box::new(std::io::Error::other("reset")) as Box<dyn std::error::Error + Send + Sync>;
    let unreachable = ClientError::Unreachable { url: "http://a".into(), source: io() };
    check(&unreachable, C::DeploymentUnreachable, false);
    assert_eq!(of(&unreachable).health.detail, "cannot reach http://a: reset");
    let redirected = ClientError::Redirected { url: "http://a".into(), to: "http://b".into() };
    check(&redirected, C::DeploymentUnreachable, true);
    check(&ClientError::Request("no host".into()), C::DeploymentUnreachable, true);
}

#[test]
fn what_a_refused_connection_means() {
    #[track_caller]
    fn check(error: &DialError, code: HealthCode, is_final: bool) {
        let found = refused(error);
        assert_eq!((found.health.code, found.is_final), (code, is_final), "{error}");
    }
    use HealthCode as C;
    check(&DialError::Refused(refusal(401, "")), C::TokenRefused, true);
    check(&DialError::Refused(refusal(400, "version")), C::DeploymentTooOld, true);
    check(&DialError::Refused(refusal(400, "")), C::DeploymentUnreachable, true);
    check(&DialError::Refused(refusal(404, "")), C::DeploymentTooOld, true);
    check(&DialError::Unavailable(refusal(502, "")), C::DeploymentUnreachable, false);
    check(&DialError::ResumeToken, C::DeploymentUnreachable, false);
}

#[tokio::test]
async fn a_deployment_inside_the_tunnel_is_refused() {
    for url in ["http://[fd60:627a:a42b::1]:7080", "https://[fd60:627a:a42b:1:2:3:4:5]"] {
        let deployment = Deployment::new(url.parse().unwrap(), Secret::new("token")).unwrap();
        let trouble = ask(&deployment).await.err().unwrap();
        assert_eq!((trouble.health.code, trouble.is_final), (HealthCode::OwnPrefix, true), "{url}");
    }
}

#[test]
fn rows_of_daemons() {
    let id = |number: u128| Uuid::from_u128(number);
    let bytes = |number: u128| id(number).as_bytes().to_vec();
    let mut zone = Zone::new(Suffix::new("", "example.com").unwrap(), "ann");
    let workspace = |number, name: &str| Workspace { id: bytes(number), name: name.into(), status: 3 };
    let agent = |number, name: &str, of| Agent { id: bytes(number), name: name.into(), workspace_id: bytes(of) };
    let update = WorkspaceUpdate {
        upserted_workspaces: vec![workspace(1, "zoo"), workspace(2, "box")],
        upserted_agents: vec![agent(11, "dev", 1), agent(21, "b", 2), agent(22, "a", 2)],
        ..WorkspaceUpdate::default()
    };
    zone.apply(&update).unwrap();
    let peer = |number, path| PeerStatus {
        id: PeerId(id(number)),
        key: NodePrivate::from_bytes([1; 32]).public(),
        addresses: Vec::new(),
        path,
        latency: Some(Duration::from_micros(1_234)),
        last_handshake: Some(Duration::from_millis(2_900)),
        received_bytes: 5,
        sent_bytes: 6,
    };
    let status = MeshStatus {
        peers: vec![peer(11, Path::Relay(999)), peer(22, Path::Direct("[::1]:9".parse().unwrap()))],
        relay_latency: vec![(999, Duration::from_millis(7))],
        relay_problems: BTreeMap::new(),
        ..MeshStatus::default()
    };
    let rows = rows(&zone, &status);
    let names: Vec<_> = rows.iter().map(|row| (row.workspace_name.as_str(), row.name.as_str())).collect();
    assert_eq!(names, [("box", "a"), ("box", "b"), ("zoo", "dev")]);
    assert_eq!(rows[0].path, DaemonPath::Direct { address: "[::1]:9".parse().unwrap() });
    assert_eq!((rows[0].latency_ms, rows[0].handshake_age, rows[0].counters.sent), (Some(1.23), Some(2), 6));
    assert_eq!((&rows[1].path, rows[1].latency_ms, rows[1].handshake_age), (&DaemonPath::None, None, None));
    assert_eq!(rows[2].path, DaemonPath::Relay { region: 999, relay_ms: Some(7.0) });
    assert_eq!(rows[2].hostnames, ["zoo.coder", "dev.zoo.me.coder", "dev.zoo.ann.coder"]);
}

#[test]
fn a_relay_that_cannot_be_reached_is_told_when_it_is_the_one_that_counts() {
    #[track_caller]
    fn check(home_relay: i32, problems: &[(i32, &str)], expected: Option<&str>) {
        let relay_problems = problems.iter().map(|(region, problem)| (*region, (*problem).to_owned())).collect();
        let found = no_relay(&MeshStatus { home_relay, relay_problems, ..MeshStatus::default() });
        assert!(found.iter().all(|health| health.code == HealthCode::NoRelay));
        assert_eq!(found.map(|health| health.detail), expected.map(str::to_owned));
    }
    check(0, &[], None);
    check(1, &[], None);
    check(1, &[(2, "refused")], None);
    check(1, &[(1, "refused"), (2, "reset")], Some("refused"));
    check(0, &[(2, "reset")], Some("reset"));
}
