//! Private mounts and processes of a network namespace, set up by a script that stays as their process 1. Not here: what
//! runs inside.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::Namespace;
use crate::binary::run;

/// See the module; everything inside ends with it.
pub struct Private {
    unshare: Child,
    root: PathBuf,
}

impl Private {
    /// Runs the script, which says `ready` when all is there; what else it said is the error. `root` is the folder with
    /// unpacked packages, `$ROOT` inside.
    pub fn start(
        namespace: &Namespace,
        root: &Path,
        script: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self, String> {
        let mut command = namespace.command("unshare");
        command.args(["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script]);
        command.env("ROOT", root).envs(environment.iter().copied());
        let mut unshare = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(unshare.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let private = Self { unshare, root: root.to_owned() };
        if line == "ready\n" { Ok(private) } else { Err(line) }
    }

    /// A command that will run inside, with the unpacked programs on its path.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.enter(&["-m", "-n", "-p"], program)
    }

    /// A command with network, mounts and bus of inside, but a process of outside: signals to the child reach it
    /// itself (`nsenter -p` forks). Its `/proc/self` is empty.
    pub fn beside(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        self.enter(&["-m", "-n"], program)
    }

    fn enter(&self, namespaces: &[&str], program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.process_1().to_string()]).args(namespaces).arg(program);
        let own = self.root.join("usr/bin");
        command.env(
            "PATH",
            format!("{}:{}:/usr/sbin:/usr/bin:/sbin:/bin", own.display(), self.root.join("usr/sbin").display()),
        );
        command.env_remove("DBUS_SYSTEM_BUS_ADDRESS");
        command
    }

    /// A line of shell inside.
    pub fn sh(&self, line: &str) -> String {
        run(self.command("sh").args(["-c", line]))
    }

    /// The child of `unshare`.
    fn process_1(&self) -> u32 {
        let parent = self.unshare.id();
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
        children.trim().parse().unwrap()
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // `--kill-child` ends process 1, and with it everything inside.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}
