//! A real systemd-resolved under a D-Bus of its own, in private mounts and processes of a network namespace. The
//! machine's own resolver is neither asked nor told: `/etc` and `/run` inside are copies.
//!
//! The programs come from Debian's packages, unpacked into a folder and never installed (`make test` does it).

use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::{Namespace, Private};

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
pub struct Resolved(Private);

impl Deref for Resolved {
    type Target = Private;

    fn deref(&self) -> &Private {
        &self.0
    }
}

/// The folder with unpacked packages, or why the test is skipped.
pub fn packages(test: &str) -> Option<PathBuf> {
    packages_with("lib/systemd/systemd-resolved", test)
}

/// The same for another program than the resolver.
pub fn packages_with(program: &str, test: &str) -> Option<PathBuf> {
    let beside = std::env::var_os("HOMEPORT_BIN_DIR").map(|bin| Path::new(&bin).join("../../lab-root"));
    let root = std::env::var_os("HOMEPORT_LAB_ROOT").map(PathBuf::from).or(beside)?;
    if root.join(program).is_file() && super::available(test) {
        return root.canonicalize().ok();
    }
    eprintln!("SKIPPED {test}: no unpacked {program} in {} (`make lab-packages`)", root.display());
    None
}

impl Resolved {
    /// Starts one; `upstream` is who it asks for everything else, or empty.
    pub fn start(namespace: &Namespace, root: &Path, upstream: &str) -> Self {
        let private = Private::start(namespace, root, INSIDE, &[("UPSTREAM", upstream)]);
        let resolved = Self(private.expect("the resolver's namespace"));
        resolved.wait();
        resolved
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
}
