//! A real dnsmasq: the name server of the network that a machine is in. It lies about our suffix, and notes every
//! question.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::Namespace;

/// A running name server; killed on drop.
pub struct Upstream {
    child: Child,
    log: PathBuf,
}

impl Upstream {
    /// Serves `*.lan.test` as 192.0.2.9, and `*.coder` as an address that nobody must ever see.
    pub fn start(namespace: &Namespace, root: &Path, log: PathBuf) -> Self {
        let mut command = namespace.command(root.join("usr/sbin/dnsmasq"));
        command.args(["--conf-file=", "--no-resolv", "--no-hosts", "--log-queries", "--pid-file=", "--user=root"]);
        command.args(["--address=/lan.test/192.0.2.9", "--address=/coder/192.0.2.66", "--keep-in-foreground"]);
        command.arg(format!("--log-facility={}", log.display())).stdin(Stdio::null());
        Self { child: command.spawn().unwrap(), log }
    }

    /// Every question so far, one a line.
    pub fn questions(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().filter(|line| line.contains(" query[")).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
