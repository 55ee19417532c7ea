//! One network namespace and the commands that run in it.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::binary::run;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A network namespace, removed on drop.
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one with loopback up. The name carries this process's id, so that runs never meet.
    pub fn new(role: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hp{}-{number}-{role}", std::process::id());
        run(Command::new("ip").args(["netns", "add", &name]));
        let namespace = Self { name };
        namespace.ip(&["link", "set", "lo", "up"]);
        namespace
    }

    /// Its name for `ip netns exec`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A command that will run inside.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// `ip` inside.
    pub fn ip(&self, arguments: &[&str]) -> String {
        run(Command::new("ip").args(["-n", &self.name]).args(arguments))
    }

    /// `nft` inside, one command.
    pub fn nft(&self, command: &str) -> String {
        run(self.command("nft").arg(command))
    }

    /// See [`inside`].
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.name, work)
    }

    /// Joins an interface here to one of another namespace.
    pub fn cable(&self, here: &str, other: &Self, there: &str) {
        let pair = ["link", "add", here, "type", "veth", "peer", "name", there, "netns", &other.name];
        self.ip(&pair);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A namespace that is gone already is no reason to fail a second time.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
    }
}

/// Runs something on a thread that lives inside: what it opens stays inside, whoever uses it later.
pub fn inside<T: Send>(namespace: &str, work: impl FnOnce() -> T + Send) -> T {
    let enter = || {
        let door = std::fs::File::open(format!("/run/netns/{namespace}")).unwrap();
        nix::sched::setns(door, nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(enter).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
