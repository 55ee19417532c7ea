//! The Go programs we are measured against, built from `tests/peers` (pinned modules) and run as children.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::binary;

/// Builds a Go program of `tests/peers`; `None` when Go is not there.
pub fn build(package: &str, name: &str, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    if Command::new("go").arg("version").output().is_err() {
        return Ok(None);
    }
    let binary = folder.join(name);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let status = Command::new("go").args(["build", "-o"]).arg(&binary).arg(package).current_dir(source).status()?;
    anyhow::ensure!(status.success(), "go build {package} failed");
    Ok(Some(binary))
}

/// One JSON number that `wgnetstack` prints.
pub fn wgnetstack(program: &Path, mode: &str, number: u64, field: &str) -> anyhow::Result<f64> {
    let text = binary::run(Command::new(program).args([mode, &number.to_string()]));
    let value: serde_json::Value = serde_json::from_str(&text)?;
    value[field].as_f64().with_context(|| format!("{field} is not in {text}"))
}

/// A running relay of the peer, plain HTTP on loopback; ended on drop.
pub struct Derper {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Derper {
    /// Starts it with these options, too, and waits until it takes connections.
    pub async fn start(program: &Path, folder: &Path, options: &[&str]) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        // Not with -dev, which would take a port of its own choice; on a port that is not 443 it is plain HTTP anyway.
        let child = Command::new(program)
            .args(["-stun=false", "-a", &address.to_string(), "-c"])
            .arg(folder.join("derper.key"))
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let relay = Self { child, address };
        crate::binary::wait_until_listening(address).await?;
        Ok(relay)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Derper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory of a process in MiB, from `/proc`.
pub fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib / 1024.0)
}
