//! A real systemd with its bus, polkit and resolver, booted in private mounts, processes and control groups of a network
//! namespace, over a copy-on-write view of this machine's files. What a package installs can be put there and run as it
//! will be run. Nothing outside is touched; no device but the harmless ones exists inside.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Namespace;
use crate::binary::{output, run, said};

/// Becomes process 1 inside. `$LAB` has unpacked packages, `$INSTALL` the files to add.
const INSIDE: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs lab /mnt; cd /mnt; mkdir up work root
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
cd root
cp -a "$LAB/usr/." usr/; cp -a "$LAB/etc/." etc/; cp -a "$LAB/lib/." lib/; cp -a "$INSTALL/." .
mount -t proc proc proc; mount -t sysfs sysfs sys
for folder in run tmp dev; do mount -t tmpfs tmpfs $folder; done
mkdir dev/net dev/pts dev/shm
while read -r name major minor; do mknod -m 666 "dev/$name" c "$major" "$minor"; done <<X
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
net/tun 10 200
X
mount -t devpts devpts dev/pts
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs tmpfs sys/fs/cgroup; cd sys/fs/cgroup; mkdir unified systemd devices memory pids
  mount -t cgroup2 cgroup2 unified; mount -t cgroup -o none,name=systemd cgroup systemd
  for kind in devices memory pids; do mount -t cgroup -o $kind cgroup $kind; done
  cd ../../..
fi
echo 0123456789abcdef0123456789abcdef >etc/machine-id
rm -f etc/resolv.conf; echo nameserver 127.0.0.53 >etc/resolv.conf
grep -q ^systemd-resolve: etc/passwd || echo systemd-resolve:x:65533:65533::/:/usr/sbin/nologin >>etc/passwd
grep -q ^systemd-resolve: etc/group || echo systemd-resolve:x:65533: >>etc/group
cat >etc/systemd/resolved.conf <<X
[Resolve]
FallbackDNS=
DNSSEC=no
LLMNR=no
MulticastDNS=no
X
# Devices of its own cannot be made here; what is tested is our unit.
mkdir -p etc/systemd/system/systemd-resolved.service.d
printf '[Service]\nPrivateDevices=no\nRestart=no\n' >etc/systemd/system/systemd-resolved.service.d/lab.conf
printf '[Unit]\nRequires=basic.target dbus.service\nWants=polkit.service systemd-resolved.service\n' >etc/systemd/system/lab.target
for unit in systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udev-trigger.service \
  systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer \
  man-db.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer timers.target; do
  ln -sf /dev/null etc/systemd/system/$unit
done
mkdir old; pivot_root . old; cd /; umount -l /old
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=lab.target --log-target=journal --show-status=no </dev/null >/dev/null 2>&1
"#;

/// A booted systemd; everything inside ends with it.
pub struct Systemd {
    unshare: Child,
}

impl Systemd {
    /// Whether this machine has what is needed; says loudly when not.
    pub fn available(test: &str) -> bool {
        let missing: Vec<&str> = ["/lib/systemd/systemd", "/usr/lib/polkit-1/polkitd", "/usr/bin/dbus-daemon"]
            .into_iter()
            .filter(|program| !Path::new(program).is_file())
            .collect();
        if !missing.is_empty() {
            eprintln!("SKIPPED {test}: no {}", missing.join(", "));
        }
        missing.is_empty() && super::available(test)
    }

    /// Boots; `packages` are unpacked packages, `install` is laid over the root folder.
    pub fn boot(namespace: &Namespace, packages: &Path, install: &Path) -> Self {
        let mut command = namespace.command("unshare");
        command.args(["-m", "-p", "-f", "-u", "-i", "-C", "--kill-child", "sh", "-c", INSIDE]);
        command.env("LAB", packages).env("INSTALL", install).stdin(Stdio::null());
        let systemd = Self { unshare: command.spawn().unwrap() };
        systemd.until("systemctl is-active lab.target systemd-resolved polkit");
        systemd
    }

    /// A command that will run inside.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.process_1(), "-m", "-n", "-p", "-u", "-i"]).arg(program);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env_remove("DBUS_SYSTEM_BUS_ADDRESS");
        command
    }

    /// A line of shell inside.
    pub fn sh(&self, line: &str) -> String {
        run(self.command("sh").args(["-c", line]))
    }

    /// Waits until a line of shell succeeds; 30 s at most, then the journal is shown.
    pub fn until(&self, line: &str) {
        let start = Instant::now();
        loop {
            let tried = output(self.command("sh").args(["-c", line]));
            if tried.status.success() {
                return;
            }
            if start.elapsed() > Duration::from_secs(30) {
                let journal = output(self.command("journalctl").args(["--no-pager", "-o", "cat", "-n", "60"]));
                panic!("`{line}` did not come true: {}\njournal:\n{}", said(&tried), said(&journal));
            }
        }
    }

    /// The child of `unshare`, once there is one.
    fn process_1(&self) -> String {
        let parent = self.unshare.id();
        let children = format!("/proc/{parent}/task/{parent}/children");
        std::fs::read_to_string(children).unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // `--kill-child` ends process 1, and with it everything inside.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}
