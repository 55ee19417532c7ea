//! The tunnel's network in a process of its own (`src/bin/network.rs`), moved line by line, killed at will.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::binary;

/// How long an answer may take: longer than everything the product allows itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running instrument; killed on drop.
pub struct Puppet {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    changes: Vec<String>,
    greeting: String,
}

impl Puppet {
    /// Starts it with `place`, which makes a command inside of a namespace, and waits until it recovered.
    pub fn start(place: impl FnOnce(&Path) -> Command, state: &Path, arguments: &[&str]) -> Self {
        let mut command = place(&binary::path("network"));
        command.arg(state).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut puppet = Self { child, stdin, lines, changes: Vec::new(), greeting: String::new() };
        puppet.greeting = puppet.answer();
        puppet
    }

    /// What it said first: `ready`, or an error.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// One line in, one answer out.
    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.stdin, "{line}").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("an answer of the network");
            match line.strip_prefix("= ") {
                Some(answer) => return answer.to_owned(),
                None => self.changes.extend(line.strip_prefix("! ").map(str::to_owned)),
            }
        }
    }

    /// Waits for a change; how long it took. Earlier changes that nobody waited for count as well.
    pub fn wait_for(&mut self, change: &str, limit: Duration) -> Duration {
        let start = Instant::now();
        loop {
            if let Some(at) = self.changes.iter().position(|seen| seen == change) {
                self.changes.drain(..=at);
                return start.elapsed();
            }
            let left = limit.saturating_sub(start.elapsed());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no `{change}` within {limit:?}"));
            self.changes.extend(line.strip_prefix("! ").map(str::to_owned));
        }
    }

    /// Forgets what happened so far.
    pub fn forget(&mut self) {
        self.changes.extend(self.lines.try_iter());
        self.changes.clear();
    }

    /// SIGSTOP: it stays, and does nothing any more.
    pub fn stop(&self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).unwrap();
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
