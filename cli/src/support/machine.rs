//! What this computer is, which of our programs are on it and which run. Only looks; names of files and people that it
//! meets are masked later.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use client::installed;

use crate::global::variable;
use crate::version::OWN;

/// A program that does not say its version by then says none.
const LIMIT: Duration = Duration::from_secs(5);
/// Processes that are listed.
const MAX_RUNNING: usize = 32;
/// Our other programs.
const OURS: &[&str] = &["homeport-server", "homeport-tunnel", "homeport-desktop", "homeport-window"];
/// Programs that things are opened or done with.
const OTHERS: &[&str] = &[
    "ssh",
    "git",
    "xdg-open",
    "xdg-mime",
    "xdg-terminal-exec",
    "x-terminal-emulator",
    "gnome-terminal",
    "konsole",
    "xterm",
    "code",
    "codium",
    "cursor",
    "jetbrains-toolbox",
    "xfreerdp3",
    "xfreerdp",
    "remmina",
    "wl-copy",
    "wl-paste",
    "systemctl",
    "resolvectl",
    "resolvconf",
    "nmcli",
    "tailscale",
    "wg",
    "openvpn",
];

/// Our programs and their versions.
pub async fn versions() -> Vec<(String, String)> {
    let mut versions = vec![("homeport".to_owned(), OWN.to_owned())];
    for name in OURS {
        let version = match installed::own(name) {
            Some(program) => version(&program).await,
            None => "not installed".to_owned(),
        };
        versions.push(((*name).to_owned(), version));
    }
    versions
}

async fn version(program: &Path) -> String {
    let mut ask = tokio::process::Command::new(program);
    ask.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(LIMIT, ask.output()).await {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).trim().chars().take(80).collect(),
        Ok(Err(error)) => format!("cannot be started: {error}"),
        Err(_) => "does not say".to_owned(),
    }
}

/// The computer in some words.
pub fn describe() -> Vec<(&'static str, String)> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("unknown");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or("unknown");
    let processors = std::thread::available_parallelism().map_or_else(|_| "unknown".into(), |count| count.to_string());
    let of = |name| variable(name).filter(|value| !value.is_empty()).unwrap_or_else(|| "not set".into());
    vec![
        ("system", system.trim_matches('"').to_owned()),
        ("kernel", format!("{} {}", kernel.trim(), std::env::consts::ARCH)),
        ("processors", processors),
        ("memory", total.trim().to_owned()),
        ("desktop", format!("{}, session {}", of("XDG_CURRENT_DESKTOP"), of("XDG_SESSION_TYPE"))),
        ("language", of("LANG")),
    ]
}

/// Our programs that run: name, the command where it is one of ours, process id. No other argument: people put all
/// kinds of things there.
pub fn running() -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut found: Vec<(u32, String)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let short = fs::read_to_string(entry.path().join("comm")).ok()?;
            // The kernel cuts names at 15 letters; whose program it is may be seen by its owner only.
            let program = fs::read_link(entry.path().join("exe")).ok();
            let long = program.as_ref().and_then(|program| program.file_name()?.to_str());
            let name = long.unwrap_or(short.trim());
            let is_ours = short.starts_with("homeport") && name.starts_with("homeport");
            if !is_ours || pid == std::process::id() {
                return None;
            }
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let word = line.split(|byte| *byte == 0).nth(1).and_then(|word| std::str::from_utf8(word).ok());
            let word = word.filter(|word| ["daemon", "agent", "connect", "ssh", "port-forward"].contains(word));
            let word = word.map(|word| format!(" {word}")).unwrap_or_default();
            Some((pid, format!("{name}{word}, process {pid}")))
        })
        .collect();
    found.sort();
    found.into_iter().take(MAX_RUNNING).map(|(_, text)| text).collect()
}

/// Which programs are there, by name.
pub fn programs() -> Vec<(&'static str, bool)> {
    OTHERS.iter().map(|name| (*name, installed::other(name).is_some())).collect()
}

/// The names of this computer and of the person, for the masker.
pub fn names() -> (Option<String>, Option<String>, Option<PathBuf>) {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let home = user.as_ref().map(|user| user.dir.clone());
    (host, user.map(|user| user.name), home)
}
