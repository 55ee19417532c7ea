//! Debian's OpenSSH client and the tools that use it, pointed at the block that `homeport config-ssh` wrote.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::binary::run;
use crate::host::Host;

/// An ssh configuration file made by `homeport config-ssh`.
pub struct OpenSsh {
    config: PathBuf,
    host: PathBuf,
}

impl OpenSsh {
    /// Writes the block as a user does.
    pub fn configure(host: &Host) -> Self {
        let config = host.path("ssh_config");
        let file = config.to_str().unwrap();
        run(&mut host.homeport(&["config-ssh", "--yes", "--ssh-config-file", file]));
        Self { config, host: host.path("") }
    }

    /// `ssh`, `scp` or `sftp` with this configuration. Never asks anything.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-F").arg(&self.config).args(["-o", "BatchMode=yes"]);
        self.environment(&mut command);
        command.stdin(Stdio::null());
        command
    }

    /// What the ProxyCommand inherits, so that it finds the host under test and no other.
    pub fn environment(&self, command: &mut Command) {
        command.env("HOMEPORT_DATA_DIR", self.host.join("data")).env("XDG_CONFIG_HOME", self.host.join("config"));
        command.env("GIT_SSH_COMMAND", self.as_shell()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        for name in ["CODER_URL", "CODER_SESSION_TOKEN", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK"] {
            command.env_remove(name);
        }
    }

    /// For `rsync -e` and git.
    pub fn as_shell(&self) -> String {
        format!("ssh -F {} -o BatchMode=yes", self.config.display())
    }

    /// Runs a command in a workspace and returns what it printed.
    pub fn exec(&self, host: &str, command: &str) -> String {
        run(self.command("ssh").args([host, command]))
    }

    /// The configuration file.
    pub fn config(&self) -> &Path {
        &self.config
    }
}
