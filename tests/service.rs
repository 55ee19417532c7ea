//! The tunnel service as it is installed and used: its unit file, who may speak on its socket, and names that lead into
//! a workspace with the programs of this machine. Its half that touches the machine has tests of its own.
//!
//! `HOMEPORT_TEST_SABOTAGE=A12` lets the wrong person into the group; the test of the socket must then be red.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "service/callers.rs"]
mod callers;
#[path = "service/names.rs"]
mod names;
#[path = "service/unit.rs"]
mod unit;

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tests::binary;
use tests::lab::Namespace;

/// Speaks to the socket: a version line and one request (standard input), then whatever comes, until the answer or the
/// end. Perl, because every Debian has it and it can be run as anybody.
const SPEAK: &str = r#"
use Socket; $| = 1; $SIG{PIPE} = "IGNORE"; alarm 10; my $ask = do { local $/; <STDIN> };
socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un($ARGV[0])) or do { print "denied"; exit };
syswrite S, "homeport-tunnel 1.0\n" . pack("N", length $ask) . $ask;
while (sysread S, my $piece, 65536) { $all .= $piece; last if $all =~ /"outcome"/ }
$all =~ s/[^\x20-\x7e]/ /g; print $all;
"#;

/// A running service in a namespace; killed on drop.
struct Service {
    namespace: Namespace,
    folder: tempfile::TempDir,
    child: Child,
}

impl Service {
    fn start(group: &str) -> Self {
        let (namespace, folder) = (Namespace::new("service"), tempfile::tempdir().unwrap());
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::set_permissions(&state, PermissionsExt::from_mode(0o700)).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = namespace.command(binary::path("homeport-tunnel"));
        command.arg("--socket").arg(folder.path().join("run/tunnel.sock")).arg("--state-dir").arg(state);
        command.args(["--group", group, "--log", "debug"]).stdin(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap();
        let service = Self { namespace, folder, child };
        until(Duration::from_secs(10), || {
            service.socket().metadata().is_ok_and(|socket| socket.mode() & 0o777 == 0o660)
        });
        service
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("run/tunnel.sock")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// What somebody hears who asks this; `who` are options of `setpriv`.
    fn speak(&self, who: &[&str], ask: &str) -> String {
        let mut command = Command::new("setpriv");
        command.args(who).args(["perl", "-e", SPEAK]).arg(self.socket());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(ask.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    /// As root.
    fn ask(&self, ask: &str) -> String {
        self.speak(&["--reuid", "0"], ask)
    }
}

/// Looks again and again; how long it took. Each look runs a program or asks the file system, which is pause enough.
fn until(limit: Duration, is_so: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < limit, "not within {limit:?}");
        std::thread::yield_now();
    }
    start.elapsed()
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("service log:\n{}", self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
