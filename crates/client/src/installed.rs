//! Which programs are on this computer: ours beside each other, all others on PATH. Not here: starting them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// One of our programs: beside the one that runs (behind a link to it, too), else on PATH.
#[must_use]
pub fn own(name: &str) -> Option<PathBuf> {
    let beside = folder().map(|folder| folder.join(name)).filter(|program| is_program(program));
    beside.or_else(|| other(name))
}

/// A program on this process's PATH.
#[must_use]
pub fn other(name: &str) -> Option<PathBuf> {
    find(&std::env::var("PATH").ok()?, name)
}

/// A program on `path`, which is like the variable; relative folders in it are passed over, because what they mean
/// depends on who looks.
#[must_use]
pub fn find(path: &str, name: &str) -> Option<PathBuf> {
    let folders = path.split(':').map(Path::new).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|program| is_program(program))
}

/// The folder of the program that runs.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.canonicalize().ok()?.parent()?.to_owned())
}

/// Whether it can be started: a file that somebody may execute.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
