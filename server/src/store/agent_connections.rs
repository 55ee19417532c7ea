//! Table `agent_connections`: people's connections to workspaces, as the daemons report them.

use proto::agent::{Connection, ConnectionAction, ConnectionType};
use proto::id::{AgentId, ConnectionId};
use proto::rest::Time;

use super::{Db, Result, params};

/// Most connections kept per daemon; the oldest go.
const KEPT: i64 = 1000;

/// Writes the beginning or the end of a connection. Either may come first, or twice: reports are repeated.
///
/// # Errors
/// The store's.
pub fn report(db: &Db, agent: AgentId, id: ConnectionId, connection: &Connection, at: Time) -> Result<()> {
    let (connected, disconnected) = match ConnectionAction::try_from(connection.action) {
        Ok(ConnectionAction::Connect) => (Some(at.unix_micros()), None),
        _ => (None, Some(at.unix_micros())),
    };
    db.prepare_cached(
        "INSERT INTO agent_connections (id, agent_id, kind, ip, connected_at, disconnected_at, status_code, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (agent_id, id) DO UPDATE SET connected_at = coalesce(connected_at, excluded.connected_at),
         disconnected_at = coalesce(disconnected_at, excluded.disconnected_at),
         status_code = max(status_code, excluded.status_code),
         reason = CASE excluded.reason WHEN '' THEN reason ELSE excluded.reason END",
    )?
    .execute(params![
        id.to_string(),
        agent.to_string(),
        word(connection.r#type),
        connection.ip,
        connected,
        disconnected,
        connection.status_code,
        connection.reason.as_deref().unwrap_or_default(),
    ])?;
    db.prepare_cached(
        "DELETE FROM agent_connections WHERE agent_id = ?1 AND rowid <=
         (SELECT max(rowid) FROM agent_connections WHERE agent_id = ?1) - ?2",
    )?
    .execute(params![agent.to_string(), KEPT])?;
    Ok(())
}

fn word(kind: i32) -> &'static str {
    match ConnectionType::try_from(kind) {
        Ok(ConnectionType::Vscode) => "vscode",
        Ok(ConnectionType::Jetbrains) => "jetbrains",
        Ok(ConnectionType::ReconnectingPty) => "reconnecting_pty",
        _ => "ssh",
    }
}
