//! The log of this program: standard error for whoever started it in a terminal, and a small file, because a program
//! that starts at login has nobody who reads. What is logged holds no secret: titles, states, errors.

use std::fs::{self, File};
use std::io::IsTerminal;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use client::sessions::file::make_private_folder;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::paths::Paths;

/// What stands on standard error anyway, without a frame.
pub const SAID: &str = "desktop::said";
/// A file beyond this is put aside at the next start; one older file is kept.
const MAX_LOG: u64 = 1024 * 1024;
/// What the file holds when nothing else is said.
const LEVELS: &str = "warn,desktop=info,client=info";

/// Starts logging. A file that cannot be written costs the file only.
pub fn start(paths: Option<&Paths>) {
    let wanted: Option<Targets> = std::env::var("HOMEPORT_LOG").ok().and_then(|filter| filter.parse().ok());
    let to_file = paths.and_then(|paths| open(&paths.own_log()).ok()).map(|file| {
        let levels = wanted.clone().or_else(|| LEVELS.parse().ok()).unwrap_or_default();
        tracing_subscriber::fmt::layer().with_writer(Mutex::new(file)).with_ansi(false).with_filter(levels)
    });
    let levels = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::ERROR));
    let levels = levels.with_target(SAID, LevelFilter::OFF);
    let colour = std::io::stderr().is_terminal();
    let to_stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour).with_filter(levels);
    let _ = tracing_subscriber::registry().with(to_stderr).with(to_file).try_init();
}

fn open(path: &Path) -> std::io::Result<File> {
    make_private_folder(path.parent().unwrap_or(Path::new("/")))?;
    if path.metadata().is_ok_and(|about| about.len() > MAX_LOG) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    File::options().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
