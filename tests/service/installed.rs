//! The tunnel as a package installs it: unit file, user, group and polkit rule, run by a real systemd beside a real
//! resolver.
//!
//! `HOMEPORT_TEST_SABOTAGE=POLKIT` leaves the rule out: the resolver must then refuse us, and the test be red.

use std::path::Path;
use std::process::Command;

use tests::binary::{path, run};
use tests::host::{Host, Setup};
use tests::lab::{Namespace, SPEAK, Systemd, hear, resolved};

use super::sabotaged;

/// What a package would put on the machine.
fn lay_out(root: &Path) {
    let installers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../installers/linux");
    let mut files = vec![
        (path("homeport-tunnel"), "usr/bin/homeport-tunnel"),
        (installers.join("homeport-tunnel.service"), "usr/lib/systemd/system/homeport-tunnel.service"),
    ];
    if !sabotaged("POLKIT") {
        let rule = "usr/share/polkit-1/rules.d/50-homeport-tunnel.rules";
        files.push((installers.join("homeport-tunnel.rules"), rule));
    }
    for (from, to) in files {
        let to = root.join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

/// Asks the service, as somebody with these options of `setpriv`.
fn ask(systemd: &Systemd, who: &str, ask: &str) -> String {
    let mut command = systemd.command("sh");
    command.args(["-c", &format!("exec setpriv {who} perl -e \"$0\" /run/homeport/tunnel.sock"), SPEAK]);
    hear(&mut command, ask)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_runs_as_a_package_installs_it() {
    let test = "the_unit_runs_as_a_package_installs_it";
    let Some(packages) = resolved::packages(test).filter(|_| Systemd::available(test)) else { return };
    let (namespace, install) = (Namespace::new("installed"), tempfile::tempdir().unwrap());
    lay_out(install.path());
    let name = Some(namespace.name().to_owned());
    let host = Host::start(Setup { first_workspace: Some("box"), namespace: name, ..Setup::default() }).await;
    let systemd = Systemd::boot(&namespace, &packages, install.path());
    systemd.sh("groupadd -f -r homeport; id homeport-tunnel 2>/dev/null || useradd -r -g homeport homeport-tunnel");
    systemd.sh("systemctl start homeport-tunnel && systemctl is-active homeport-tunnel");
    let user = systemd.sh("ps -o user:32= -p $(systemctl show -P MainPID homeport-tunnel)");
    assert_eq!(user.trim(), "homeport-tunnel");

    let (url, token) = host.session();
    let connect = format!(r#"{{"id":1,"call":"connect","url":"{url}","token":"{token}","is_local":true}}"#);
    let (stranger, member) =
        ("--reuid 65532 --regid 65532 --clear-groups", "--reuid 65532 --regid homeport --clear-groups");
    assert_eq!(ask(&systemd, stranger, &connect), "denied");
    let said = ask(&systemd, member, &connect);
    assert!(said.contains("done"), "{said}");
    // Through the C library, the stub of the resolver, its route to our link, and our own server on that link.
    systemd.until("getent ahostsv6 box.coder | grep -q fd60:627a:a42b:");
    assert!(systemd.sh("resolvectl domain homeport0").contains("~coder"));
    systemd.sh("ping -6 -c1 -W5 box.coder");

    // A crash: systemd starts it again, which undoes what was left.
    systemd.sh("systemctl show -P MainPID homeport-tunnel >/run/before; kill -9 $(cat /run/before)");
    // While the old one is not yet missed, or the new one not yet ready, the process is 0 or the unit not active.
    let process = "systemctl show -P MainPID homeport-tunnel | grep -vx 0 | grep -vxf /run/before";
    systemd.until(&format!("{process} && systemctl is-active homeport-tunnel"));
    systemd.until("! ip link show homeport0");
    let said = ask(&systemd, member, &connect);
    assert!(said.contains("done"), "{said}");
    systemd.until("getent ahostsv6 box.coder");

    systemd.sh("systemctl stop homeport-tunnel");
    assert_eq!(systemd.sh("systemctl show -P Result homeport-tunnel"), "success\n");
    systemd.sh("! ip link show homeport0 && [ -z \"$(ip -6 rule | grep 510)\" ] && ! test -e /run/homeport");
    let journal = systemd.sh("journalctl --no-pager -u homeport-tunnel");
    assert!(!journal.contains(&token), "a token in the journal");
    drop(systemd);
    let left = run(Command::new("ip").args(["-n", namespace.name(), "-6", "route", "show", "table", "all"]));
    assert!(!left.contains("fd60:627a:a42b"), "{left}");
}
