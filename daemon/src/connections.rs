//! Reports of people's sessions to the server, in order, over reconnects. Not for counting sessions (see `session`).

use std::time::Duration;

use proto::agent::{Connection, ConnectionAction, ConnectionType, ReportConnectionRequest, method};
use proto::wkt::{Empty, Timestamp};
use rpc::RpcError;
use tokio::sync::mpsc;

use crate::control::call;
use crate::outbox::Outbox;
use crate::session::{EVENT_QUEUE, SessionChange, SessionEvent, SessionKind};

/// The reports that wait for the server.
pub type Reports = Outbox<Connection>;

/// An empty queue of the size that the spec names.
pub fn reports() -> Reports {
    Outbox::new(EVENT_QUEUE)
}

/// The wire form of an event.
pub fn to_wire(event: &SessionEvent) -> Connection {
    let (action, status_code, reason) = match &event.change {
        SessionChange::Connected => (ConnectionAction::Connect, 0, None),
        SessionChange::Disconnected { exit_code, reason } => (ConnectionAction::Disconnect, *exit_code, reason.clone()),
    };
    let kind = match event.kind {
        SessionKind::Ssh => ConnectionType::Ssh,
        SessionKind::VsCode => ConnectionType::Vscode,
        SessionKind::JetBrains => ConnectionType::Jetbrains,
        SessionKind::ReconnectingPty => ConnectionType::ReconnectingPty,
    };
    Connection {
        id: event.id.as_bytes().to_vec(),
        action: action.into(),
        r#type: kind.into(),
        timestamp: Some(Timestamp {
            seconds: event.at.unix_timestamp(),
            nanos: i32::try_from(event.at.nanosecond()).unwrap_or_default(),
        }),
        ip: event.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        status_code,
        reason,
    }
}

/// Moves events of sessions into the queue for as long as there are sessions.
pub async fn gather(mut events: mpsc::Receiver<SessionEvent>, reports: &Reports) {
    while let Some(event) = events.recv().await {
        if !reports.push(to_wire(&event)) {
            tracing::warn!(id = %event.id, "too many connection reports wait for the server; one is left out");
        }
    }
}

/// Reports until the connection ends. A refused report is dropped: the next ones matter more (spec `agent-rpc.md` 6).
///
/// # Errors
/// Only [`RpcError::Closed`].
pub async fn deliver(reports: &Reports, client: &rpc::Client) -> Result<(), RpcError> {
    loop {
        let request = ReportConnectionRequest { connection: Some(reports.front().await) };
        match client.unary::<_, Empty>(method::REPORT_CONNECTION, &request).await {
            Ok(Empty {}) => reports.pop(),
            // An old server: what waits will never be wanted, and keeps no room from what a newer one may want.
            Err(error) if call::is_unsupported(&error) => reports.pop(),
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(RpcError::Deadline) => tokio::time::sleep(Duration::from_secs(1)).await,
            Err(error) => {
                tracing::warn!(%error, "the server did not take a connection report");
                reports.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests;
