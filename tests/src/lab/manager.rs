//! Who else manages the resolver of a machine, for real and in private mounts: NetworkManager on a D-Bus of its own, and
//! openresolv with a dnsmasq. The machine's own `/etc` and `/run` are neither read nor written.
//!
//! NetworkManager has a read-only `/sys` there, as in a container: else it waits for udev.

use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Namespace, Private};

/// Copies `/etc`, and puts what is unpacked where programs look for it.
const INSIDE: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs state /var/lib
mkdir -p /run/dbus /run/etc /run/dnsmasq.d /var/lib/misc /var/lib/NetworkManager
cp -a /etc/. /run/etc/
rm -f /run/etc/resolv.conf
echo 'nameserver 192.0.2.1' >/run/etc/resolv.conf
mount --bind /run/etc /etc
. /dev/fd/3
echo ready
cat >/dev/null
"#;

const NETWORK_MANAGER: &str = r#"
mount -o remount,bind,ro /sys
mount -t tmpfs bin /usr/local/sbin
ln -s "$ROOT/usr/sbin/dnsmasq" /usr/local/sbin/dnsmasq
rm -rf /etc/NetworkManager
mkdir -p /etc/NetworkManager/dnsmasq.d /etc/NetworkManager/system-connections
printf 'log-queries\nlog-facility=/run/queries\n' >/etc/NetworkManager/dnsmasq.d/lab.conf
cat >/etc/NetworkManager/NetworkManager.conf <<X
[main]
plugins=keyfile
dns=$DNS
rc-manager=file
no-auto-default=*
auth-polkit=false
[device-eth0]
match-device=interface-name:eth0
managed=1
X
cat >/etc/NetworkManager/system-connections/lan.nmconnection <<X
[connection]
id=lan
type=ethernet
interface-name=eth0
[ipv4]
method=manual
addresses=192.0.2.2/24
gateway=192.0.2.1
dns=192.0.2.1;
[ipv6]
method=manual
addresses=2001:db8::2/64
gateway=2001:db8::1
X
chmod 600 /etc/NetworkManager/system-connections/lan.nmconnection
cat >/run/dbus/bus.conf <<X
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
X
# What it finds configured it leaves alone.
ip -4 addr flush dev eth0
ip -6 addr flush dev eth0 scope global
dbus-daemon --config-file=/run/dbus/bus.conf --fork --nopidfile --nosyslog
cat >/run/manager <<X
#!/bin/sh
LD_LIBRARY_PATH="$ROOT/usr/lib/$(uname -m)-linux-gnu" "$ROOT/usr/sbin/NetworkManager" --debug >>/run/manager.log 2>&1 3>&- &
echo \$! >/run/manager.pid
X
chmod +x /run/manager
/run/manager
"#;

const OPENRESOLV: &str = r#"
mount -t overlay bin -o "lowerdir=$ROOT/openresolv/sbin:/usr/sbin" /usr/sbin
mount -t overlay lib -o "lowerdir=$ROOT/openresolv/lib:/usr/lib" /usr/lib
cat >/etc/resolvconf.conf <<X
name_servers=127.0.0.1
dnsmasq_conf=/run/dnsmasq.d/resolvconf.conf
dnsmasq_resolv=/run/dnsmasq.resolv
dnsmasq_restart='echo again >/run/again'
X
# Whoever tells openresolv may be a process of outside, so that a number would name another process.
mkfifo /run/again
cat >/run/keeper <<X
#!/bin/sh
while :; do
"$ROOT/usr/sbin/dnsmasq" --conf-file=/dev/null --conf-dir=/run/dnsmasq.d --resolv-file=/run/dnsmasq.resolv --no-hosts \
--listen-address=127.0.0.1 --bind-interfaces --keep-in-foreground --log-queries --log-facility=/run/queries --user=root &
read -r line </run/again
kill -9 \$!
wait \$!
done
X
chmod +x /run/keeper
/run/keeper >/dev/null 2>&1 &
printf 'nameserver 192.0.2.1\n' | /sbin/resolvconf -a eth0 >/dev/null 2>&1
"#;

/// A machine with one of them; everything inside ends with it.
pub struct Manager(Private);

impl Deref for Manager {
    type Target = Private;

    fn deref(&self) -> &Private {
        &self.0
    }
}

impl Manager {
    /// NetworkManager, which manages `eth0` of a home, with `dns=` this. It is there when it has written `resolv.conf`.
    pub fn network_manager(namespace: &Namespace, root: &Path, dns: &str) -> Self {
        let script = INSIDE.replace(". /dev/fd/3", NETWORK_MANAGER);
        let manager = Self(Private::start(namespace, root, &script, &[("DNS", dns)]).expect("NetworkManager"));
        manager.wait_until_written();
        // The kernel looks whether its addresses are anybody's before it uses them.
        let addresses = || {
            let mut command = manager.command("ip");
            command.args(["-6", "addr", "show", "dev", "eth0"]);
            command
        };
        super::until(Duration::from_secs(10), addresses, |text| {
            text.contains("2001:db8::2") && !text.contains("tentative")
        });
        manager
    }

    /// openresolv, which told a dnsmasq of the home's own server; why not, where the kernel cannot put it in its place.
    pub fn openresolv(namespace: &Namespace, root: &Path) -> Result<Self, String> {
        let script = INSIDE.replace(". /dev/fd/3", OPENRESOLV);
        Private::start(namespace, root, &script, &[]).map(Self)
    }

    /// SIGKILL for NetworkManager, and a new one once the bus has seen the end of the old one.
    pub fn restart_network_manager(&self) {
        let bus = "org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus";
        let is_there = format!("busctl --system call {bus} NameHasOwner s org.freedesktop.NetworkManager");
        self.sh("kill -9 $(cat /run/manager.pid); echo gone >/etc/resolv.conf");
        self.sh(&format!("timeout 20 sh -c \"until {is_there} | grep -q false; do sleep 0.05; done\""));
        self.sh("/run/manager");
        self.wait_until_written();
    }

    /// A process of inside, as NetworkManager asks who speaks to it, whose number is kept for [`Manager::signal`].
    pub fn place(&self, program: &Path) -> Command {
        let mut command = self.command("sh");
        command.args(["-c", "echo $$ >/run/placed.pid; exec \"$@\"", "sh"]).arg(program);
        command
    }

    /// A signal for what was placed last.
    pub fn signal(&self, signal: &str) {
        self.sh(&format!("kill -{signal} $(cat /run/placed.pid)"));
    }

    fn wait_until_written(&self) {
        let written = "until grep -q '^# Generated by NetworkManager' /etc/resolv.conf; do sleep 0.1; done";
        self.sh(&format!("timeout 20 sh -c \"{written}\" || {{ cat /run/manager.log; exit 1; }}"));
    }
}
