//! Table `daemons`: the daemon processes that this server runs on this computer.

use std::path::PathBuf;

use proto::id::{AgentId, WorkspaceId};
use rusqlite::{Row, params};

use super::{Column as _, Db, Result};

/// A process that surely is ours: a pid alone may belong to a stranger later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pid {
    pub pid: i32,
    /// Clock ticks after boot, from the kernel.
    pub start_time: u64,
}

/// A daemon as the row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    pub workspace: WorkspaceId,
    pub agent: AgentId,
    pub home: PathBuf,
    /// Shall run.
    pub wanted: bool,
    pub process: Option<Pid>,
}

/// All of them.
///
/// # Errors
/// The store's.
pub fn all(db: &Db) -> Result<Vec<Daemon>> {
    let mut find = db.prepare_cached("SELECT * FROM daemons")?;
    find.query_map([], |row| Ok(read(row)))?.map(|row| row?).collect()
}

/// That of a workspace.
///
/// # Errors
/// [`super::StoreError::NotFound`], or the store's.
pub fn of(db: &Db, workspace: WorkspaceId) -> Result<Daemon> {
    let mut find = db.prepare_cached("SELECT * FROM daemons WHERE workspace_id = ?1")?;
    find.query_row([workspace.to_string()], |row| Ok(read(row)))?
}

/// Writes the intention before anything is started.
///
/// # Errors
/// The store's.
pub fn want(db: &Db, workspace: WorkspaceId, agent: AgentId, home: &str) -> Result<()> {
    db.execute(
        "INSERT INTO daemons (workspace_id, agent_id, home, wanted) VALUES (?1, ?2, ?3, 1)
         ON CONFLICT (workspace_id) DO UPDATE SET agent_id = excluded.agent_id, home = excluded.home, wanted = 1,
                pid = NULL, start_time = NULL",
        [workspace.to_string(), agent.to_string(), home.to_owned()],
    )?;
    Ok(())
}

/// Writes that it shall not run any more; the process may still be there.
///
/// # Errors
/// The store's.
pub fn unwant(db: &Db, workspace: WorkspaceId) -> Result<()> {
    db.execute("UPDATE daemons SET wanted = 0 WHERE workspace_id = ?1", [workspace.to_string()])?;
    Ok(())
}

/// Writes which process it is, or that there is none.
///
/// # Errors
/// The store's.
pub fn set_process(db: &Db, workspace: WorkspaceId, process: Option<Pid>) -> Result<()> {
    let start_time = process.and_then(|process| i64::try_from(process.start_time).ok());
    db.execute(
        "UPDATE daemons SET pid = ?2, start_time = ?3 WHERE workspace_id = ?1",
        params![workspace.to_string(), process.map(|process| process.pid), start_time],
    )?;
    Ok(())
}

/// Forgets a daemon.
///
/// # Errors
/// The store's.
pub fn forget(db: &Db, workspace: WorkspaceId) -> Result<()> {
    db.execute("DELETE FROM daemons WHERE workspace_id = ?1", [workspace.to_string()])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Daemon> {
    let pid: Option<i32> = row.get("pid")?;
    let start_time: Option<i64> = row.get("start_time")?;
    let process = pid.zip(start_time.and_then(|ticks| u64::try_from(ticks).ok()));
    Ok(Daemon {
        workspace: row.id("workspace_id")?,
        agent: row.id("agent_id")?,
        home: PathBuf::from(row.text("home")?),
        wanted: row.get("wanted")?,
        process: process.map(|(pid, start_time)| Pid { pid, start_time }),
    })
}
