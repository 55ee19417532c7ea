//! Events of sessions in their wire form.

use proto::agent::{ConnectionAction, ConnectionType};
use time::OffsetDateTime;
use uuid::Uuid;

use super::to_wire;
use crate::session::{SessionChange, SessionEvent, SessionKind};

#[test]
fn events_on_the_wire() {
    let check = |kind, change: SessionChange, r#type, action, status_code, reason: Option<&str>| {
        let event = SessionEvent {
            id: Uuid::from_u128(5),
            kind,
            at: OffsetDateTime::from_unix_timestamp_nanos(1_500_000_000_000_000_007).unwrap(),
            ip: Some("fd60::1".parse().unwrap()),
            change,
        };
        let wire = to_wire(&event);
        assert_eq!((wire.r#type(), wire.action()), (r#type, action));
        assert_eq!((wire.status_code, wire.reason.as_deref(), wire.ip.as_str()), (status_code, reason, "fd60::1"));
        assert_eq!(wire.timestamp.map(|at| (at.seconds, at.nanos)), Some((1_500_000_000, 7)));
        assert_eq!(wire.id, Uuid::from_u128(5).as_bytes());
    };
    let ended =
        |exit_code, reason: Option<&str>| SessionChange::Disconnected { exit_code, reason: reason.map(Into::into) };
    check(SessionKind::Ssh, SessionChange::Connected, ConnectionType::Ssh, ConnectionAction::Connect, 0, None);
    check(SessionKind::VsCode, ended(3, None), ConnectionType::Vscode, ConnectionAction::Disconnect, 3, None);
    check(
        SessionKind::JetBrains,
        ended(1, Some("lost")),
        ConnectionType::Jetbrains,
        ConnectionAction::Disconnect,
        1,
        Some("lost"),
    );
    check(
        SessionKind::ReconnectingPty,
        SessionChange::Connected,
        ConnectionType::ReconnectingPty,
        ConnectionAction::Connect,
        0,
        None,
    );
}
