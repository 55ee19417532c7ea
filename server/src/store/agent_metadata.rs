//! Table `agent_metadata`: values that workspace daemons collect by small scripts. The last value wins.

use proto::id::AgentId;
use proto::rest::Time;
use serde::{Deserialize, Serialize};

use super::{Column as _, Db, Result, params};

/// Longest value or error kept (spec `agent-rpc.md` 6.5).
pub const MAX_VALUE: usize = 2048;

/// One value and how it is collected, in the form of the watch streams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadatum {
    pub result: MetadataResult,
    pub description: MetadataDescription,
}

/// What was collected last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataResult {
    pub collected_at: Time,
    /// Seconds since then, as of the answer.
    pub age: i64,
    pub value: String,
    pub error: String,
}

/// How a value is collected. Seconds, both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataDescription {
    pub display_name: String,
    pub key: String,
    pub script: String,
    pub interval: i64,
    pub timeout: i64,
}

/// Writes what a template wants collected. For builds.
///
/// # Errors
/// The store's.
pub fn describe(db: &Db, agent: AgentId, descriptions: &[MetadataDescription]) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO agent_metadata (agent_id, key, position, display_name, script, interval_seconds, timeout_seconds)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (position, one) in (0_i64..).zip(descriptions) {
        insert.execute(params![
            agent.to_string(),
            one.key,
            position,
            one.display_name,
            one.script,
            one.interval,
            one.timeout
        ])?;
    }
    Ok(())
}

/// Writes a result. Keys that nobody described are ignored.
///
/// # Errors
/// The store's.
pub fn set(db: &Db, agent: AgentId, key: &str, value: &str, error: &str, collected_at: Time) -> Result<()> {
    db.prepare_cached(
        "UPDATE agent_metadata SET value = ?3, error = ?4, collected_at = ?5 WHERE agent_id = ?1 AND key = ?2",
    )?
    .execute(params![agent.to_string(), key, value, error, collected_at.unix_micros()])?;
    Ok(())
}

/// All values of a daemon, in the template's order.
///
/// # Errors
/// The store's.
pub fn list(db: &Db, agent: AgentId, now: Time) -> Result<Vec<Metadatum>> {
    let mut find = db.prepare_cached("SELECT * FROM agent_metadata WHERE agent_id = ?1 ORDER BY position, key")?;
    let rows = find.query_map([agent.to_string()], |row| {
        Ok(|| -> Result<Metadatum> {
            let collected_at = row.time_opt("collected_at")?;
            let age = collected_at.map_or(0, |then| (now.0 - then.0).whole_seconds());
            Ok(Metadatum {
                result: MetadataResult {
                    collected_at: collected_at.unwrap_or_default(),
                    age,
                    value: row.text("value")?,
                    error: row.text("error")?,
                },
                description: MetadataDescription {
                    display_name: row.text("display_name")?,
                    key: row.text("key")?,
                    script: row.text("script")?,
                    interval: row.get("interval_seconds")?,
                    timeout: row.get("timeout_seconds")?,
                },
            })
        }())
    })?;
    rows.map(|row| row?).collect()
}
