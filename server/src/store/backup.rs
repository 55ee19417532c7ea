//! The copy of the database beside it, and the mark that says a folder was used before. Neither is ever restored by
//! itself: a copy is old, and what was revoked since would be good again; a person decides.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A copy that is younger is good enough.
pub const EVERY: Duration = Duration::from_secs(24 * 3600);
/// Name of the mark.
const MARK: &str = "deployment-id";

/// Where the copy of a database is.
#[must_use]
pub fn path(file: &Path) -> PathBuf {
    file.with_extension("backup.db")
}

/// What a person can do about a damaged database.
#[must_use]
pub fn advice(file: &Path) -> String {
    let copy = path(file);
    if copy.is_file() {
        format!("A backup copy is {}: put it in the place of {} to go back to it", copy.display(), file.display())
    } else {
        format!("There is no backup copy of {} yet: move it away to start anew", file.display())
    }
}

/// Makes the copy when there is none, or only an old one. Old or new, never half.
///
/// # Errors
/// The database cannot be read or the copy not written.
pub fn make(file: &Path, now: SystemTime) -> std::io::Result<bool> {
    let copy = path(file);
    let age = std::fs::metadata(&copy).and_then(|meta| meta.modified()).map(|made| now.duration_since(made));
    // A copy from the future counts as old.
    if matches!(age, Ok(Ok(age)) if age < EVERY) {
        return Ok(false);
    }
    copy_to(file, &copy)?;
    Ok(true)
}

/// Copies a database, as of one moment, whatever is being written.
///
/// # Errors
/// The database cannot be read or the copy not written; then nothing of it is left.
pub fn copy_to(file: &Path, copy: &Path) -> std::io::Result<()> {
    let beside = copy.with_extension("new");
    let _ = std::fs::remove_file(&beside);
    let made = || -> std::io::Result<()> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(file, flags).map_err(std::io::Error::other)?;
        db.execute("VACUUM INTO ?1", [beside.to_string_lossy()]).map_err(std::io::Error::other)?;
        let written = std::fs::File::open(&beside)?;
        written.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        written.sync_all()?;
        std::fs::rename(&beside, copy)
    };
    made().inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}

/// Makes a copy now and once a day, until the server stops.
pub async fn keep(file: PathBuf, stop: CancellationToken) {
    loop {
        let path = file.clone();
        // For a file's age only; no rule of access depends on this clock.
        let made = tokio::task::spawn_blocking(move || make(&path, SystemTime::now())).await;
        if let Ok(Err(error)) = made {
            tracing::warn!(%error, "the backup copy of the database could not be made");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// The deployment that uses the folder of a database; none when the folder is new.
#[must_use]
pub fn marked(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file.with_file_name(MARK)).ok()?;
    Some(text.trim().to_owned())
}

/// Marks the folder as used.
///
/// # Errors
/// The mark cannot be written.
pub fn mark(file: &Path, deployment: Uuid) -> std::io::Result<()> {
    if marked(file).is_some_and(|before| before == deployment.to_string()) {
        return Ok(());
    }
    let (mark, beside) = (file.with_file_name(MARK), file.with_file_name("deployment-id.new"));
    let mut open = std::fs::OpenOptions::new();
    let mut written = open.create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    writeln!(written, "{deployment}")?;
    written.sync_all()?;
    std::fs::rename(beside, mark)
}
