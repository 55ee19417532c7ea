//! Which shell commands are given to. Not for building the command line (see `command`).

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// Tried in this order when neither the account nor the environment names a usable shell.
const FALLBACKS: [&str; 6] = ["/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh", "/bin/ash", "/busybox/sh"];

/// Programs an account names to forbid logins. Here the mesh has already let the owner in, and what remains is an image
/// whose service user has no shell of its own.
const REFUSERS: [&str; 2] = ["nologin", "false"];

/// The shell to use: the account's, else `SHELL`, else a usual one; `None` in an image without any.
#[must_use]
pub fn find(account: Option<&Path>, environment: Option<&Path>) -> Option<PathBuf> {
    choose(account, environment, is_program)
}

/// Whether this process may start the file.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    access(path, AccessFlags::X_OK).is_ok() && path.is_file()
}

fn choose(account: Option<&Path>, environment: Option<&Path>, usable: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let refuses =
        |path: &Path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| REFUSERS.contains(&name));
    account
        .into_iter()
        .chain(environment)
        .filter(|path| path.is_absolute() && !refuses(path))
        .chain(FALLBACKS.iter().map(Path::new))
        .find(|path| usable(path))
        .map(Path::to_path_buf)
}

#[cfg(test)]
mod tests;
