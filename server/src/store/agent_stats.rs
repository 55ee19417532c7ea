//! Table `agent_stats`: traffic and session counts that workspace daemons report. Kept for a day.

use proto::agent::Stats;
use proto::id::AgentId;
use proto::rest::Time;

use super::{Db, Result, params};

/// How long reports are kept.
const KEPT: time::Duration = time::Duration::days(1);

/// Writes a report, and forgets the daemon's old ones.
///
/// # Errors
/// The store's.
pub fn add(db: &Db, agent: AgentId, stats: &Stats, now: Time) -> Result<()> {
    let id = agent.to_string();
    let oldest = Time(now.0 - KEPT).unix_micros();
    db.prepare_cached("DELETE FROM agent_stats WHERE agent_id = ?1 AND created_at < ?2")?
        .execute(params![id, oldest])?;
    db.prepare_cached(
        "INSERT INTO agent_stats (agent_id, created_at, connection_count, median_latency_ms, rx_packets, rx_bytes,
         tx_packets, tx_bytes, session_count_vscode, session_count_jetbrains, session_count_reconnecting_pty,
         session_count_ssh) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        id,
        now.unix_micros(),
        stats.connection_count,
        // NaN would become NULL; "nothing measured" is negative on the wire.
        if stats.connection_median_latency_ms.is_nan() { -1.0 } else { stats.connection_median_latency_ms },
        stats.rx_packets,
        stats.rx_bytes,
        stats.tx_packets,
        stats.tx_bytes,
        stats.session_count_vscode,
        stats.session_count_jetbrains,
        stats.session_count_reconnecting_pty,
        stats.session_count_ssh,
    ])?;
    Ok(())
}
