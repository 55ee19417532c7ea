//! A real systemd-resolved under a D-Bus of its own, in private mounts and processes of a network namespace. The
//! machine's own resolver is neither asked nor told: `/etc` and `/run` inside are copies.
//!
//! The programs come from Debian's packages, unpacked into a folder and never installed (`make test` does it).

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::Namespace;
use crate::binary::run;

/// Becomes process 1 inside. What it prints when all runs is waited for.
const INSIDE: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/dbus /run/etc /run/systemd/resolve /run/systemd/netif/links
cp -a /etc/. /run/etc/
grep -q ^systemd-resolve: /run/etc/passwd || echo systemd-resolve:x:65533:65533::/:/usr/sbin/nologin >>/run/etc/passwd
grep -q ^systemd-resolve: /run/etc/group || echo systemd-resolve:x:65533: >>/run/etc/group
rm -f /run/etc/resolv.conf
ln -s ../run/systemd/resolve/stub-resolv.conf /run/etc/resolv.conf
mkdir -p /run/etc/systemd
printf '[Resolve]\nDNS=%s\nFallbackDNS=\nDNSSEC=no\nLLMNR=no\nMulticastDNS=no\n' "$UPSTREAM" >/run/etc/systemd/resolved.conf
mount --bind /run/etc /etc
chown systemd-resolve:systemd-resolve /run/systemd/resolve
cat >/run/dbus/bus.conf <<X
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
X
mkfifo /run/dbus/ready
dbus-daemon --config-file=/run/dbus/bus.conf --nofork --nopidfile --nosyslog --print-address=3 3>/run/dbus/ready 2>/dev/null &
read -r address </run/dbus/ready
cat >/run/resolver <<X
#!/bin/sh
"$ROOT/lib/systemd/systemd-resolved" >>/run/resolver.log 2>&1 3>&- &
echo \$! >/run/resolver.pid
X
chmod +x /run/resolver
/run/resolver
echo ready
cat >/dev/null
"#;

/// The running resolver; everything inside ends with it.
pub struct Resolved {
    unshare: Child,
    root: PathBuf,
}

/// The folder with unpacked packages, or why the test is skipped.
pub fn packages(test: &str) -> Option<PathBuf> {
    let beside = std::env::var_os("HOMEPORT_BIN_DIR").map(|bin| Path::new(&bin).join("../../lab-root"));
    let root = std::env::var_os("HOMEPORT_LAB_ROOT").map(PathBuf::from).or(beside)?;
    if root.join("lib/systemd/systemd-resolved").is_file() && super::available(test) {
        return root.canonicalize().ok();
    }
    eprintln!("SKIPPED {test}: no unpacked systemd-resolved in {} (`make lab-packages`)", root.display());
    None
}

impl Resolved {
    /// Starts one; `upstream` is who it asks for everything else, or empty.
    pub fn start(namespace: &Namespace, root: &Path, upstream: &str) -> Self {
        let mut command = namespace.command("unshare");
        command.args(["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", INSIDE]);
        command.env("ROOT", root).env("UPSTREAM", upstream);
        let mut unshare = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(unshare.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the resolver's namespace");
        let resolved = Self { unshare, root: root.to_owned() };
        resolved.wait();
        resolved
    }

    /// A command that will run inside, with the unpacked programs on its path.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.enter(&["-m", "-n", "-p"], program)
    }

    /// A command with network, mounts and bus of inside, but a process of outside: signals to the child reach it
    /// itself (`nsenter -p` forks). Its `/proc/self` is empty.
    pub fn beside(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.enter(&["-m", "-n"], program)
    }

    fn enter(&self, namespaces: &[&str], program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.process_1().to_string()]).args(namespaces).arg(program);
        let own = self.root.join("usr/bin");
        command.env(
            "PATH",
            format!("{}:{}:/usr/sbin:/usr/bin:/sbin:/bin", own.display(), self.root.join("usr/sbin").display()),
        );
        command.env_remove("DBUS_SYSTEM_BUS_ADDRESS");
        command
    }

    /// A line of shell inside.
    pub fn sh(&self, line: &str) -> String {
        run(self.command("sh").args(["-c", line]))
    }

    /// SIGKILL for the resolver alone.
    pub fn kill(&self) {
        self.sh("kill -9 $(cat /run/resolver.pid)");
        // The bus has seen it go.
        self.sh("timeout 20 sh -c 'while resolvectl status >/dev/null 2>&1; do :; done'");
    }

    /// Starts it again and waits until it answers.
    pub fn restart(&self) {
        self.sh("/run/resolver");
        self.wait();
    }

    /// `resolvectl` about a link.
    pub fn link(&self, what: &str, link: &str) -> String {
        self.sh(&format!("resolvectl {what} {link} 2>&1 || true"))
    }

    fn wait(&self) {
        self.sh("timeout 20 sh -c 'until resolvectl status >/dev/null 2>&1; do :; done'");
    }

    /// The child of `unshare`.
    fn process_1(&self) -> u32 {
        let parent = self.unshare.id();
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
        children.trim().parse().unwrap()
    }
}

impl Drop for Resolved {
    fn drop(&mut self) {
        // `--kill-child` ends process 1, and with it everything inside.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}
