//! The tunnel service as it is installed, in a place that the test chooses, and what is said on its socket. Not here: the
//! network it runs in.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
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
    /// After the program's name.
    arguments: Vec<OsString>,
}

impl Service {
    /// Starts it with `place`, which makes a command somewhere, for the members of a group.
    pub fn start(place: impl FnOnce(&Path) -> Command, group: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::set_permissions(&state, PermissionsExt::from_mode(0o700)).unwrap();
        let socket = folder.path().join("run/tunnel.sock");
        let words =
            ["--socket".into(), socket.into(), "--state-dir".into(), state.into(), "--group".into(), group.into()];
        let more = ["--log", "debug"].iter().chain(arguments).map(OsString::from);
        let arguments: Vec<OsString> = words.into_iter().chain(more).collect();
        let child = spawn(place, &arguments, folder.path());
        let service = Self { folder, child, arguments };
        service.wait_until_it_listens();
        service
    }

    /// SIGKILL to the process itself (its place must `exec`), and its end.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after [`Self::kill`], with the same socket, state and log.
    pub fn start_again(&mut self, place: impl FnOnce(&Path) -> Command) {
        self.child = spawn(place, &self.arguments, self.folder.path());
        // The killed one left its socket, which nobody answers.
        let start = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            assert!(start.elapsed() < START, "it does not listen again within {START:?}: {}", self.log());
            std::thread::yield_now();
        }
        self.wait_until_it_listens();
    }

    fn wait_until_it_listens(&self) {
        let start = Instant::now();
        while !self.socket().metadata().is_ok_and(|socket| socket.mode() & 0o777 == 0o660) {
            assert!(start.elapsed() < START, "it does not listen within {START:?}: {}", self.log());
            std::thread::yield_now();
        }
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

fn spawn(place: impl FnOnce(&Path) -> Command, arguments: &[OsString], folder: &Path) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = place(&binary::path("homeport-tunnel"));
    command.args(arguments).stdin(Stdio::null()).stderr(log);
    command.spawn().unwrap()
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
