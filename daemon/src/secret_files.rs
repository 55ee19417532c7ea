//! Secrets of the owner that the manifest wants in files, readable by the owner only. Not for those that are variables.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use proto::agent::WorkspaceSecret;

use crate::os::user::Account;

/// Writes each; one that cannot be written is said in the log and does not hold up the others.
pub fn write(secrets: &[WorkspaceSecret], account: &Account) {
    for secret in secrets.iter().filter(|secret| !secret.file_path.is_empty()) {
        let path = resolve(&secret.file_path, &account.home);
        if let Err(error) = replace(&path, &secret.value) {
            tracing::warn!(%error, path = %path.display(), "a secret cannot be written to its file");
        }
    }
}

fn resolve(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => home.join(path),
    }
}

/// Old or new, never half: a reader sees one of the two.
fn replace(path: &Path, value: &[u8]) -> io::Result<()> {
    if std::fs::read(path).is_ok_and(|former| former == value) {
        return std::fs::set_permissions(path, PermissionsExt::from_mode(0o600));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let temporary = folder.join(format!(".{}.new", name.display()));
    // What a killed run left behind may have other permissions.
    let _ = std::fs::remove_file(&temporary);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary)?;
    file.write_all(value)?;
    std::fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests;
