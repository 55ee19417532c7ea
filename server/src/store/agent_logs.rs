//! Table `agent_logs`: what the scripts of workspace daemons print, and where it came from (`log_sources`).

use proto::id::{AgentId, LogSourceId};
use proto::rest::Time;
use proto::rest::agent::{AgentLog, AgentLogSource};
use proto::rest::job::LogLevel;
use uuid::Uuid;

use super::{Column as _, Db, Result, StoreError, params};

/// Most bytes of log lines per daemon (spec `agent-rpc.md` 6.4). A daemon that prints for ever must not fill the disk.
pub const MAX_LENGTH: usize = 1024 * 1024;
/// Source of lines that name none.
pub const EXTERNAL_SOURCE: LogSourceId = LogSourceId(Uuid::from_u128(0x3b57_9bf4_1ed8_4b99_87a8_e9a1_e341_0410));
/// Most log sources of one daemon; a template has a handful.
const MAX_SOURCES: i64 = 256;

/// One line to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    pub level: LogLevel,
    pub output: String,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// All lines are kept.
    Kept,
    /// The daemon's limit is reached: this batch is dropped, and so is every later one.
    LimitExceeded,
}

/// Appends a batch of lines, all or none. A nil source means [`EXTERNAL_SOURCE`].
///
/// # Errors
/// [`StoreError::NotFound`] when the daemon or the source is not there, or the store's.
pub fn append(db: &Db, agent: AgentId, source: LogSourceId, lines: &[NewLine], now: Time) -> Result<Appended> {
    let id = agent.to_string();
    let mut find = db.prepare_cached("SELECT logs_length, logs_overflowed FROM agents WHERE id = ?1")?;
    let (length, overflowed): (i64, bool) = find.query_row([&id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let added: usize = lines.iter().map(|line| line.output.len()).sum();
    let total = usize::try_from(length).unwrap_or_default().saturating_add(added);
    if overflowed || total > MAX_LENGTH {
        if !overflowed {
            db.prepare_cached("UPDATE agents SET logs_overflowed = 1 WHERE id = ?1")?.execute([&id])?;
        }
        return Ok(Appended::LimitExceeded);
    }
    let source = if source == LogSourceId::nil() { external_source(db, agent, now)? } else { source };
    let known: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM log_sources WHERE agent_id = ?1 AND id = ?2)")?
        .query_row([&id, &source.to_string()], |row| row.get(0))?;
    if !known {
        return Err(StoreError::NotFound);
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO agent_logs (agent_id, source_id, created_at, level, output) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for line in lines {
        insert.execute(params![id, source.to_string(), now.unix_micros(), line.level.as_str(), line.output])?;
    }
    db.prepare_cached("UPDATE agents SET logs_length = ?2 WHERE id = ?1")?
        .execute(params![id, i64::try_from(total).unwrap_or(i64::MAX)])?;
    Ok(Appended::Kept)
}

fn external_source(db: &Db, agent: AgentId, now: Time) -> Result<LogSourceId> {
    let source = AgentLogSource {
        workspace_agent_id: agent,
        id: EXTERNAL_SOURCE,
        created_at: now,
        display_name: "External".into(),
        icon: "/emojis/1f310.png".into(),
    };
    add_source(db, &source)?;
    Ok(EXTERNAL_SOURCE)
}

/// Adds a log source; one that is there already stays as it is.
///
/// # Errors
/// [`StoreError::Conflict`] when the daemon has too many, or the store's.
pub fn add_source(db: &Db, source: &AgentLogSource) -> Result<()> {
    let id = source.workspace_agent_id.to_string();
    let count: i64 = db
        .prepare_cached("SELECT count(*) FROM log_sources WHERE agent_id = ?1")?
        .query_row([&id], |row| row.get(0))?;
    if count >= MAX_SOURCES {
        return Err(StoreError::Conflict("The workspace daemon has too many log sources.".into()));
    }
    db.prepare_cached(
        "INSERT INTO log_sources (id, agent_id, display_name, icon, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        source.id.to_string(),
        id,
        source.display_name,
        source.icon,
        source.created_at.unix_micros()
    ])?;
    Ok(())
}

/// Lines with ids between the two, exclusive, at most `limit`, in order.
///
/// # Errors
/// The store's.
pub fn between(db: &Db, agent: AgentId, after: i64, before: Option<i64>, limit: u32) -> Result<Vec<AgentLog>> {
    let mut find = db.prepare_cached(
        "SELECT id, source_id, created_at, level, output FROM agent_logs
         WHERE agent_id = ?1 AND id > ?2 AND id < ?3 ORDER BY id LIMIT ?4",
    )?;
    let rows = find.query_map(params![agent.to_string(), after, before.unwrap_or(i64::MAX), limit], |row| {
        Ok(|| -> Result<AgentLog> {
            Ok(AgentLog {
                id: row.get("id")?,
                created_at: row.time("created_at")?,
                output: row.text("output")?,
                level: LogLevel::from_word(&row.text("level")?),
                source_id: row.id("source_id")?,
            })
        }())
    })?;
    rows.map(|row| row?).collect()
}
