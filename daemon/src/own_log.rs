//! The daemon's own log: standard error, and `coder-agent.log` with older files beside it. Not for logs of scripts, which
//! go to the server (see `logs`).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use time::OffsetDateTime;
use time::macros::format_description;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// Name of the newest file (spec `agent-rpc.md` 8).
pub const NAME: &str = "coder-agent.log";
/// A file is put aside when it gets this long.
const MAX_BYTES: u64 = 5 * 1024 * 1024;
/// How many older files are kept.
const MAX_BACKUPS: usize = 19;
/// What is logged when nothing else is said: our own news, and only trouble of the libraries.
const DEFAULT_LEVELS: &str = "warn,daemon=info,mesh=info,client=info,rpc=info";
/// Names levels in the way of `RUST_LOG`.
const LEVELS_VARIABLE: &str = "HOMEPORT_LOG";

/// Starts logging. A folder that cannot be written costs the file, not the daemon.
pub fn start(folder: &Path) {
    let wanted = std::env::var(LEVELS_VARIABLE).ok().and_then(|text| text.parse::<Targets>().ok());
    let levels = wanted.or_else(|| DEFAULT_LEVELS.parse().ok()).unwrap_or_default();
    let (file, problem) = match RotatingFile::open(folder) {
        Ok(file) => (Some(file), None),
        Err(error) => (None, Some(error)),
    };
    let to_file = file.map(|file| tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(file)));
    let to_stderr = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(io::stderr);
    // An error means that the program around us logs already.
    let _ = tracing_subscriber::registry().with(levels).with(to_stderr).with(to_file).try_init();
    if let Some(error) = problem {
        tracing::warn!(%error, folder = %folder.display(), "the log file cannot be written");
    }
}

/// A file that is renamed when it gets long, and replaced by a new one.
#[derive(Debug)]
pub struct RotatingFile {
    folder: PathBuf,
    file: File,
    written: u64,
    limit: u64,
}

impl RotatingFile {
    /// Opens or continues the log in a folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = open(folder)?;
        let written = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, written, limit: MAX_BYTES })
    }

    fn rotate(&mut self, now: OffsetDateTime) -> io::Result<()> {
        let stamp = format_description!("[year]-[month]-[day]T[hour]-[minute]-[second].[subsecond digits:3]");
        let stamp = now.format(&stamp).map_err(io::Error::other)?;
        std::fs::rename(self.folder.join(NAME), self.folder.join(format!("coder-agent-{stamp}.log")))?;
        self.file = open(&self.folder)?;
        self.written = 0;
        let backups = backups(&self.folder)?;
        for old in backups.iter().rev().skip(MAX_BACKUPS) {
            std::fs::remove_file(old)?;
        }
        Ok(())
    }
}

fn open(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(folder.join(NAME))
}

/// Older files, oldest first: their names sort by time.
pub fn backups(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let is_backup = |name: &str| name.starts_with("coder-agent-2") && name.ends_with(".log");
    let entries = std::fs::read_dir(folder)?.filter_map(Result::ok);
    let mut found: Vec<PathBuf> =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(is_backup)).map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}

impl Write for RotatingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written > 0 && self.written + bytes.len() as u64 > self.limit {
            // When it cannot be put aside, a long file is better than none.
            if self.rotate(OffsetDateTime::now_utc()).is_err() {
                self.written = 0;
            }
        }
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests;
