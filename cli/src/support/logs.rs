//! The ends of logs: of files, and of the tunnel service's journal.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::archive::Part;

/// So much of each log: a day of trouble, and still small enough for a mail.
pub const MAX_LOG: u64 = 256 * 1024;
/// Logs that are taken.
const MAX_LOGS: usize = 16;
/// Lines of the journal.
const MAX_LINES: &str = "2000";
/// A journal on a slow disk.
const LIMIT: Duration = Duration::from_secs(10);

/// The logs in a folder: `server.log`, `server.log.1` and their like.
pub fn in_folder(folder: &Path, into: &str) -> Vec<Part> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_log(path)).collect();
    paths.sort();
    let parts = paths.into_iter().take(MAX_LOGS).filter_map(|path| {
        let name = format!("{into}/{}", path.file_name()?.to_str()?);
        // A log that cannot be read is news as well.
        let text = tail(&path, MAX_LOG).unwrap_or_else(|error| format!("cannot be read: {error}\n"));
        Some(Part { name, text })
    });
    parts.collect()
}

fn is_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".log") || name.ends_with(".log.1")
}

/// The last bytes of a file, from the beginning of a line.
///
/// # Errors
/// Those of the file system; links and what is no file are refused.
pub fn tail(path: &Path, most: u64) -> std::io::Result<String> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    let mut file = File::options().read(true).custom_flags(flags).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let start = about.len().saturating_sub(most);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(from_a_line(&bytes, start > 0))
}

fn from_a_line(bytes: &[u8], is_cut: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    if !is_cut {
        return text.into_owned();
    }
    // Half a line may begin in the middle of a secret, whose rest looks like a word.
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    format!("(older lines are left out)\n{rest}")
}

/// What the tunnel service said, as far as this user may read it.
pub async fn journal() -> Part {
    let name = "logs/tunnel.log".to_owned();
    let mut ask = tokio::process::Command::new("journalctl");
    ask.args(["--unit", "homeport-tunnel", "--no-pager", "--output", "short-iso", "--lines", MAX_LINES]);
    ask.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let text = match tokio::time::timeout(LIMIT, ask.output()).await {
        Ok(Ok(output)) => {
            let cut = output.stdout.len().saturating_sub(usize::try_from(MAX_LOG).unwrap_or(usize::MAX));
            from_a_line(&output.stdout[cut..], cut > 0)
        }
        Ok(Err(error)) => format!("the journal cannot be read: {error}\n"),
        Err(_) => "the journal does not answer\n".to_owned(),
    };
    Part { name, text }
}

#[cfg(test)]
mod tests;
