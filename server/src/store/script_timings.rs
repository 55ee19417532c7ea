//! Table `script_timings`: when scripts of workspace daemons ran and how they ended.

use proto::agent::{TimingStage, TimingStatus};
use proto::id::{AgentId, ScriptId};
use proto::rest::Time;

use super::{Db, Result, StoreError, params};

/// Most runs kept per script (cron scripts run for ever); the oldest go.
const KEPT: i64 = 100;

/// One run of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub script: ScriptId,
    pub started_at: Time,
    pub ended_at: Time,
    pub exit_code: i32,
    pub stage: TimingStage,
    pub status: TimingStatus,
}

/// Writes a run of one of the daemon's own scripts.
///
/// # Errors
/// [`StoreError::NotFound`] when the script is not the daemon's, or the store's.
pub fn add(db: &Db, agent: AgentId, run: &Run) -> Result<()> {
    let script = run.script.to_string();
    let mine: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM scripts WHERE id = ?1 AND agent_id = ?2)")?
        .query_row([&script, &agent.to_string()], |row| row.get(0))?;
    if !mine {
        return Err(StoreError::NotFound);
    }
    db.prepare_cached(
        "INSERT INTO script_timings (script_id, started_at, ended_at, exit_code, stage, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        script,
        run.started_at.unix_micros(),
        run.ended_at.unix_micros(),
        run.exit_code,
        stage(run.stage),
        status(run.status)
    ])?;
    db.prepare_cached(
        "DELETE FROM script_timings WHERE script_id = ?1 AND rowid NOT IN
         (SELECT rowid FROM script_timings WHERE script_id = ?1 ORDER BY rowid DESC LIMIT ?2)",
    )?
    .execute(params![script, KEPT])?;
    Ok(())
}

fn stage(stage: TimingStage) -> &'static str {
    match stage {
        TimingStage::Start => "start",
        TimingStage::Stop => "stop",
        TimingStage::Cron => "cron",
    }
}

fn status(status: TimingStatus) -> &'static str {
    match status {
        TimingStatus::Ok => "ok",
        TimingStatus::ExitFailure => "exit_failure",
        TimingStatus::TimedOut => "timed_out",
        TimingStatus::PipesLeftOpen => "pipes_left_open",
    }
}
