//! The tunnel service as it is installed, in a place that the test chooses, and what is said on its socket. Not here: the
//! network it runs in.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::binary;

/// Speaks to the socket: a version line and one request (standard input), then whatever comes, until the answer or the
/// end. Perl, because every Debian has it and it can be run as anybody.
pub const SPEAK: &str = r#"
use Socket; $| = 1; $SIG{PIPE} = "IGNORE"; alarm 10; my $ask = do { local $/; <STDIN> };
socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un($ARGV[0])) or do { print "denied"; exit };
syswrite S, "homeport-tunnel 1.0\n" . pack("N", length $ask) . $ask;
while (sysread S, my $piece, 65536) { $all .= $piece; last if $all =~ /"outcome"/ }
$all =~ s/[^\x20-\x7e]/ /g; print $all;
"#;
/// What a command that runs [`SPEAK`] hears when it asks this.
pub fn hear(speaker: &mut Command, ask: &str) -> String {
    let mut child = speaker.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(ask.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// How long it may take until it listens.
const START: Duration = Duration::from_secs(10);

/// A running service; killed on drop.
pub struct Service {
    folder: tempfile::TempDir,
    child: Child,
}

impl Service {
    /// Starts it with `place`, which makes a command somewhere, for the members of a group.
    pub fn start(place: impl FnOnce(&Path) -> Command, group: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::set_permissions(&state, PermissionsExt::from_mode(0o700)).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = place(&binary::path("homeport-tunnel"));
        command.arg("--socket").arg(folder.path().join("run/tunnel.sock")).arg("--state-dir").arg(state);
        command.args(["--group", group, "--log", "debug"]).args(arguments).stdin(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap();
        let service = Self { folder, child };
        let start = Instant::now();
        while !service.socket().metadata().is_ok_and(|socket| socket.mode() & 0o777 == 0o660) {
            assert!(start.elapsed() < START, "it does not listen within {START:?}: {}", service.log());
            std::thread::yield_now();
        }
        service
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("run/tunnel.sock")
    }

    /// What it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// What somebody hears who asks this; `who` are options of `setpriv`.
    pub fn speak(&self, who: &[&str], ask: &str) -> String {
        let mut command = Command::new("setpriv");
        hear(command.args(who).args(["perl", "-e", SPEAK]).arg(self.socket()), ask)
    }

    /// As root.
    pub fn ask(&self, ask: &str) -> String {
        self.speak(&["--reuid", "0"], ask)
    }

    /// Sends a signal to the process itself (its place must `exec`).
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }
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
