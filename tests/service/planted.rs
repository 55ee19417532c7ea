//! A13: what others plant in the folders of the service is neither followed nor harmed, and no caller makes it open a
//! path.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tests::binary::path;
use tests::lab::{Namespace, SPEAK, available, hear};

use super::{sabotaged, until};

const LIMIT: Duration = Duration::from_secs(10);
const STRANGER: u32 = 65501;
/// More of its own memory the service must not need, whatever its files hold.
const MOST_MEMORY_KB: u64 = 64 << 10;

/// A service's folders, and what lies outside of them.
struct House {
    namespace: Namespace,
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let house = Self { namespace: Namespace::new("planted"), folder: tempfile::tempdir().unwrap() };
        fs::set_permissions(house.folder.path(), Permissions::from_mode(0o755)).unwrap();
        for folder in ["outside/folder", "state", "var"] {
            fs::create_dir_all(house.path(folder)).unwrap();
        }
        fs::set_permissions(house.path("state"), Permissions::from_mode(0o700)).unwrap();
        fs::write(house.path("outside/victim"), "precious\n").unwrap();
        fs::write(house.path("outside/folder/tunnel.sock"), "precious\n").unwrap();
        fs::write(house.path("outside/folder/journal"), "precious\n").unwrap();
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything outside, byte by byte, with owners, rights and times.
    fn outside(&self) -> Vec<String> {
        let mut seen = Vec::new();
        look(&self.path("outside"), &mut seen);
        seen
    }

    /// The service, with words before its own.
    fn command(&self, before: &[&str]) -> Command {
        let mut command = self.namespace.command("env");
        let state = if sabotaged("A13") { "outside/folder" } else { "state" };
        command.args(before).arg(path("homeport-tunnel")).args(["--group", "0", "--log", "debug", "--socket"]);
        command.arg(self.path("var/run/tunnel.sock")).arg("--state-dir").arg(self.path(state));
        command
    }

    /// Starts it; `None` when it ended by itself instead.
    fn start(&self, before: &[&str]) -> Option<Running> {
        let log = fs::File::create(self.path("log")).unwrap();
        let child = self.command(before).stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let mut running = Running { child, socket: self.path("var/run/tunnel.sock") };
        let start = Instant::now();
        loop {
            if let Some(status) = running.child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(1), "a refusal, not a crash: {}", self.log());
                return None;
            }
            // It listens before it looks at its state; only an answer means that it runs.
            if listens(&running.socket) && running.ask(r#"{"id":1,"call":"wake"}"#).contains("done") {
                return Some(running);
            }
            assert!(start.elapsed() < LIMIT, "neither runs nor ends: {}", self.log());
            std::thread::yield_now();
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }
}

fn listens(socket: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_open = |found: fs::Metadata| found.file_type().is_socket() && found.mode() & 0o777 == 0o660;
    fs::symlink_metadata(socket).is_ok_and(is_open)
}

fn look(path: &Path, seen: &mut Vec<String>) {
    let found = fs::symlink_metadata(path).unwrap();
    let content = if found.is_file() { fs::read(path).unwrap() } else { Vec::new() };
    let (mode, uid, gid, changed) = (found.mode(), found.uid(), found.gid(), (found.mtime(), found.mtime_nsec()));
    seen.push(format!("{} {mode:o} {uid} {gid} {changed:?} {}", path.display(), String::from_utf8_lossy(&content)));
    if found.is_dir() {
        let mut inside: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        inside.sort();
        inside.iter().for_each(|path| look(path, seen));
    }
}

/// A running service; killed on drop.
struct Running {
    child: Child,
    socket: PathBuf,
}

impl Running {
    fn ask(&self, ask: &str) -> String {
        hear(Command::new("perl").args(["-e", SPEAK]).arg(&self.socket), ask)
    }

    /// The most memory of its own it ever had.
    fn memory_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// An orderly end.
    fn end(mut self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_others_planted_is_refused_and_nothing_outside_changes() {
    if !available("what_others_planted_is_refused_and_nothing_outside_changes") {
        return;
    }
    #[track_caller]
    fn check(what: &str, plant: impl FnOnce(&House), runs: bool) {
        let house = House::new();
        plant(&house);
        let before = house.outside();
        let running = house.start(&[]);
        assert_eq!(running.is_some(), runs, "{what}: {}", house.log());
        if let Some(running) = running {
            assert!(running.memory_kb() < MOST_MEMORY_KB, "{what}: {} KB", running.memory_kb());
            running.end();
        } else {
            let log = house.log();
            assert!(log.contains(&house.folder.path().display().to_string()), "{what}: it says where: {log}");
        }
        assert_eq!(house.outside(), before, "{what}");
    }
    let victim = |house: &House| house.path("outside/victim");
    let own_run = |house: &House| {
        fs::create_dir(house.path("var/run")).unwrap();
        fs::set_permissions(house.path("var/run"), Permissions::from_mode(0o700)).unwrap();
        house.path("var/run/tunnel.sock")
    };
    let mode = |path: PathBuf, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    check("nothing", |_| {}, true);
    check("a link as journal", |house| symlink(victim(house), house.path("state/journal")).unwrap(), false);
    check(
        "a second name as journal",
        |house| fs::hard_link(victim(house), house.path("state/journal")).unwrap(),
        false,
    );
    check("a folder as journal", |house| fs::create_dir(house.path("state/journal")).unwrap(), false);
    let pipe =
        |house: &House| nix::unistd::mkfifo(&house.path("state/journal"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    check("a pipe as journal", pipe, false);
    let of_stranger = |house: &House| {
        fs::write(house.path("state/journal"), "").unwrap();
        chown(house.path("state/journal"), Some(STRANGER), None).unwrap();
    };
    check("another's journal", of_stranger, false);
    let huge = |house: &House| fs::File::create(house.path("state/journal")).unwrap().set_len(1 << 40).unwrap();
    check("a huge journal", huge, true);
    let hostile = |house: &House| {
        let line = format!("{{\"did\":{{\"path\":\"{0}\",\"file\":\"{0}\"}}}}\n", victim(house).display());
        fs::write(house.path("state/journal"), line.repeat((2 << 20) / line.len())).unwrap();
    };
    check("a journal that names files", hostile, true);
    check("everybody may write to the state folder", |house| mode(house.path("state"), 0o777), false);
    check("everybody may replace the state folder", |house| mode(house.folder.path().to_owned(), 0o777), false);
    check("another's state folder", |house| chown(house.path("state"), Some(STRANGER), None).unwrap(), false);
    let another = |house: &House| {
        fs::remove_dir(house.path("state")).unwrap();
        symlink(house.path("outside/folder"), house.path("state")).unwrap();
        std::os::unix::fs::lchown(house.path("state"), Some(STRANGER), None).unwrap();
    };
    check("another's link as state folder", another, false);
    check("a link as socket", |house| symlink(victim(house), own_run(house)).unwrap(), false);
    check("a second name as socket", |house| fs::hard_link(victim(house), own_run(house)).unwrap(), false);
    check("a folder as socket", |house| fs::create_dir(own_run(house)).unwrap(), false);
    check(
        "a link as runtime folder",
        |house| symlink(house.path("outside/folder"), house.path("var/run")).unwrap(),
        false,
    );
    let open = |house: &House| {
        own_run(house);
        mode(house.path("var/run"), 0o777);
    };
    check("everybody may write to the runtime folder", open, false);
    let parent = |house: &House| mode(house.path("var"), 0o777);
    check("everybody may replace the runtime folder", parent, false);
    check("everybody may write beside the runtime folder", |house| mode(house.path("var"), 0o1777), true);
    check(
        "another may replace the runtime folder",
        |house| chown(house.path("var"), Some(STRANGER), None).unwrap(),
        false,
    );
}

#[test]
fn no_caller_makes_it_open_a_path() {
    if !available("no_caller_makes_it_open_a_path") {
        return;
    }
    if !Path::new("/usr/bin/strace").exists() {
        eprintln!("SKIPPED no_caller_makes_it_open_a_path: no strace (`make test` installs it where apt has it)");
        return;
    }
    let house = House::new();
    let canary = house.path("outside/canary");
    fs::write(&canary, "http://127.0.0.1:1\n").unwrap();
    let trace = house.path("trace");
    // With `-D` the process that is started, and killed in the end, is the service itself.
    let before = ["strace", "-D", "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o", trace.to_str().unwrap()];
    let running = house.start(&before).expect("a service under strace");
    let path = canary.display();
    for url in [
        format!("file://{path}"),
        format!("{path}"),
        format!("http://127.0.0.1:1{path}"),
        format!("http://127.0.0.1:1/../../../..{path}"),
        format!("unix:{path}"),
        format!("http://127.0.0.1:1/?config={path}"),
    ] {
        let ask = format!(
            r#"{{"id":1,"call":"connect","url":"{url}","token":"{path}","log":"{path}","state_dir":"{path}"}}"#
        );
        assert!(running.ask(&ask).contains("outcome"), "{url}");
        running.ask(&format!(r#"{{"id":2,"call":"disconnect","url":"{url}"}}"#));
    }
    if sabotaged("A13") {
        fs::write(house.path("trace"), format!("open {path}")).unwrap();
    }
    let seen = || fs::read_to_string(&trace).unwrap();
    // The device is the last thing that a connect opens: then all of it is in the trace.
    until(LIMIT, || seen().contains("/dev/net/tun") || sabotaged("A13"));
    assert!(
        !seen().contains("canary"),
        "{}",
        seen().lines().filter(|line| line.contains("canary")).collect::<String>()
    );
    assert!(seen().contains("state/journal") || sabotaged("A13"), "the trace sees what it does open");
}
