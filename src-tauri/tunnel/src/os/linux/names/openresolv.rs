//! openresolv: an entry of our device, private, so that only our suffixes are sent to us. Never `-x`, which would send
//! everything.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mesh::names::Suffix;
use proto::address::DNS_SERVER;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Where it may be; nothing else is ever executed.
const PLACES: [&str; 4] =
    ["/usr/sbin/resolvconf", "/sbin/resolvconf", "/usr/bin/resolvconf", "/usr/local/sbin/resolvconf"];
/// It is a script that starts others.
const PATIENCE: Duration = Duration::from_secs(5);
/// Largest script that is looked into.
const MAX_SCRIPT: u64 = 1 << 18;

/// The program, if it is openresolv, and nobody but root could have put it there. systemd and Debian have programs of
/// the same name with other flags.
pub fn program() -> Option<PathBuf> {
    PLACES.iter().map(PathBuf::from).find(|path| is_openresolv(path))
}

fn is_openresolv(path: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(path) else { return false };
    let is_safe = metadata.is_file() && metadata.uid() == 0 && metadata.mode() & 0o022 == 0;
    is_safe
        && metadata.len() <= MAX_SCRIPT
        && std::fs::read(path).is_ok_and(|text| text.windows(10).any(|word| word == b"openresolv"))
}

/// Makes or replaces our entry.
///
/// # Errors
/// It is not there, or it fails.
pub async fn tell(device: &str, suffixes: &[Suffix]) -> io::Result<()> {
    let domains: Vec<&str> = suffixes.iter().map(Suffix::as_str).collect();
    let entry = format!("search {}\nnameserver {DNS_SERVER}\n", domains.join(" "));
    run(&["-a", device, "-p"], &entry).await
}

/// Where it keeps an entry by the name of its link; others of its versions keep it elsewhere.
const ENTRIES: &str = "/run/resolvconf/interfaces";

/// Whether our entry is still there, as far as that can be seen.
pub fn is_told(device: &str) -> bool {
    let entries = Path::new(ENTRIES);
    !entries.is_dir() || entries.join(device).exists()
}

/// Removes our entry.
///
/// # Errors
/// It fails. An openresolv that is gone is no error.
pub async fn untell(device: &str) -> io::Result<()> {
    match program() {
        Some(_) => run(&["-f", "-d", device], "").await,
        None => Ok(()),
    }
}

async fn run(arguments: &[&str], input: &str) -> io::Result<()> {
    let program = program().ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir("/")
        .kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let work = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input says why by its exit code.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait().await
    };
    let status = tokio::time::timeout(PATIENCE, work).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if !status.success() {
        return Err(io::Error::other(format!("{} {} ended with {status}", program.display(), arguments.join(" "))));
    }
    Ok(())
}
