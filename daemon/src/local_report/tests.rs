//! One daemon per socket, for its owner only; what is told is what is open.

use std::os::unix::fs::PermissionsExt;

use mesh::driver::MeshStatus;
use proto::daemon_report::{OpenPort, OpenSession};

use super::{Claim, ClaimError, look};
use crate::session::{Facts, Policy, SSH_MAX_TIMEOUT, SessionContext, SessionKind};

#[test]
fn a_socket_is_private_to_one_daemon_and_free_again_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reachable/daemon.sock");
    let claim = Claim::take(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert!(matches!(Claim::take(&path), Err(ClaimError::Taken(_))));
    drop(claim);
    assert!(!path.exists());
    // One that was killed leaves its socket.
    std::fs::write(&path, "").unwrap();
    Claim::take(&path).unwrap();
}

#[tokio::test]
async fn open_sessions_and_foreign_ports_are_told() {
    let (context, _events) = SessionContext::new(Facts::default(), Policy::default(), SSH_MAX_TIMEOUT);
    let shell = context.begin(SessionKind::Ssh, Some("fd7a::1".parse().unwrap()));
    let editor = context.begin(SessionKind::VsCode, None);
    let status = MeshStatus { tcp_ports: [(22, 2), (8080, 3), (5900, 1)].into(), ..MeshStatus::default() };
    let report = look(&context.open_sessions(), &status);
    let kinds: Vec<_> = report.sessions.iter().map(|OpenSession { kind, from, .. }| (kind.as_str(), *from)).collect();
    assert_eq!(kinds, [("ssh", Some("fd7a::1".parse().unwrap())), ("vscode", None)]);
    let ports = [OpenPort { port: 5900, connections: 1 }, OpenPort { port: 8080, connections: 3 }];
    assert_eq!(report.ports, ports);
    shell.finish(0, None);
    drop(editor);
    assert!(context.open_sessions().is_empty());
}
