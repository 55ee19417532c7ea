//! A person's machine and the servers it reaches over a wire: the tunnel service with a real systemd-resolved on the
//! one, `homeport-server` with a workspace daemon on the other. What leaves the machine is captured in every test.
//!
//! ```text
//!   person (homeport-tunnel, resolved, every program) ── eth0 ── 192.0.2.1     first server, its network's dnsmasq
//!                                                     └─ eth1 ── 198.51.100.1  second server, when there is one
//! ```

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use proto::ipc::{Event, NameService};
use tests::binary::{output, run, said};
use tests::host::{Host, Setup};
use tests::lab::{Capture, Namespace, Resolved, Service, Upstream, resolved, until, watch_until};

/// One test at a time: each fills this machine.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Longest wait for the first name: the workspace starts meanwhile.
pub const FIRST_NAME: Duration = Duration::from_secs(60);
/// A program that hangs is a failure, not a hanging test.
const PATIENCE: &str = "60";

/// A server with its own namespace.
pub struct Deployment {
    pub host: Host,
    pub namespace: Namespace,
    token: String,
}

impl Deployment {
    async fn start(namespace: Namespace, address: SocketAddr, owner: Option<&str>) -> Self {
        let setup = Setup { namespace: Some(namespace.name().to_owned()), ..Setup::default() };
        let mut host = Host::start(setup).await;
        if let Some(owner) = owner {
            host.rename_user(owner);
        }
        host.listen_on(address).await;
        let (_, token) = host.session();
        Self { host, namespace, token }
    }

    /// `homeport` beside the server.
    pub fn homeport(&self, arguments: &[&str]) -> Command {
        self.host.homeport_in(&self.namespace, arguments)
    }

    pub fn create(&self, workspace: &str) {
        run(&mut self.homeport(&["create", workspace, "--template", "this-computer", "--yes"]));
    }
}

/// See the module. Parts are dropped in their order: the captures judge while the wires still stand.
pub struct Stage {
    captures: Vec<Capture>,
    pub service: Service,
    pub upstream: Upstream,
    pub resolved: Resolved,
    pub deployments: Vec<Deployment>,
    /// The person's machine.
    pub person: Namespace,
    /// Unpacked packages.
    pub root: PathBuf,
    pub folder: tempfile::TempDir,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Stage {
    /// One deployment for each of these owners; the first is this computer's, where one is asked for. `None`: skipped.
    pub async fn build(test: &str, owners: &[Option<&str>]) -> Option<Self> {
        let root = resolved::packages(test)?;
        let turn = TURN.lock().await;
        let person = Namespace::new("person");
        let (mut deployments, mut captures) = (Vec::new(), Vec::new());
        for (index, owner) in owners.iter().enumerate() {
            let (link, network) = [("eth0", "192.0.2"), ("eth1", "198.51.100")][index];
            let server = Namespace::new("server");
            join(&person, link, &server, network);
            if index == 0 {
                person.ip(&["addr", "add", "2001:db8::2/64", "dev", link, "nodad"]);
                server.ip(&["addr", "add", "2001:db8::1/64", "dev", "wan", "nodad"]);
                person.ip(&["route", "add", "default", "via", "192.0.2.1"]);
                person.ip(&["-6", "route", "add", "default", "via", "2001:db8::1"]);
            }
            captures.push(Capture::start(&server, &person, &format!("{network}.1")));
            let address = format!("{network}.1:7080").parse().unwrap();
            deployments.push(Deployment::start(server, address, *owner).await);
        }
        let folder = tempfile::tempdir().unwrap();
        let upstream = Upstream::start(&deployments[0].namespace, &root, folder.path().join("questions"));
        let resolved = Resolved::start(&person, &root, "192.0.2.1");
        let service = Service::start(|program| resolved.beside(program), "0", &[]);
        Some(Self { captures, service, upstream, resolved, deployments, person, root, folder, _turn: turn })
    }

    /// SIGKILL for the service. Its device goes with it.
    pub fn kill_service(&mut self) {
        self.service.kill();
    }

    /// Starts it again, on the same socket.
    pub fn restart_service(&mut self) {
        self.service.start_again(|program| self.resolved.beside(program));
    }

    /// Ends the captures before the test: from now on the machine may ask its network for names of ours.
    pub fn judge(&mut self) {
        self.captures.clear();
    }

    /// Asks the service for a deployment and waits until it answers names of it and the resolver was told; how long
    /// that took. Nobody may ask for a name before: the resolver would ask its network.
    pub async fn connect(&self, index: usize, is_local: bool) -> Duration {
        let Deployment { host, token, .. } = &self.deployments[index];
        let ask =
            format!(r#"{{"id":1,"call":"connect","url":"{}","token":"{token}","is_local":{is_local}}}"#, host.url());
        assert!(self.service.ask(&ask).contains("done"));
        let (mut is_told, mut has_names) = (false, false);
        watch_until(&self.service.socket(), FIRST_NAME, |event| {
            match event {
                Event::Service(status) => is_told = status.names == Some(NameService::Resolved),
                Event::Deployment(status) if status.url == host.url() => has_names = status.names > 0,
                _ => {}
            }
            is_told && has_names
        })
        .await
    }

    /// A program on the person's machine, with its resolver.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.resolved.command("timeout");
        command.args(["-k", "1", PATIENCE]).arg(program).env("HOME", self.folder.path());
        command.stdin(std::process::Stdio::null());
        command
    }

    /// A line of shell there, in the person's folder; what it printed.
    pub fn sh(&self, line: &str) -> String {
        // Whoever enters other mounts begins at their root.
        run(self.program("sh").args(["-c", &format!("cd {}; {line}", self.folder.path().display())]))
    }

    /// The one address of a name, as every program gets it.
    pub fn address_of(&self, name: &str) -> Option<String> {
        let found = output(self.program("getent").args(["ahostsv6", name]));
        let text = String::from_utf8_lossy(&found.stdout).into_owned();
        text.split_whitespace().next().map(str::to_owned)
    }

    pub fn wait_for_name(&self, name: &str) -> Duration {
        let ask = || {
            let mut command = self.program("getent");
            command.args(["ahostsv6", name]);
            command
        };
        until(FIRST_NAME, ask, |text| text.starts_with("fd60:627a:a42b:"))
    }

    /// Enters a workspace by its name alone, with the system's `ssh`, once the name is there.
    pub fn enters(&self, workspace: &str) {
        self.wait_for_name(&format!("{workspace}.coder"));
        let said = self.sh(&format!("{} {workspace}.coder 'echo $CODER_WORKSPACE_NAME'", ssh()));
        assert_eq!(said, format!("{workspace}\n"));
    }

    /// The first of these programs that is on this machine; says loudly when none is.
    pub fn first_of<'a>(&self, programs: &[&'a str]) -> Option<&'a str> {
        let is_there = |program: &&&str| {
            output(self.program("sh").args(["-c", &format!("command -v {program}")])).status.success()
        };
        let found = programs.iter().find(is_there).copied();
        if found.is_none() {
            eprintln!("SKIPPED {programs:?}: not on this machine (`make test` installs it where apt has it)");
        }
        found
    }

    /// Fails with what both sides noted.
    pub fn fails(&self, why: &str, output: &std::process::Output) -> ! {
        panic!("{why}: {}\nresolver: {}", said(output), self.resolved.sh("resolvectl status --no-pager || true"))
    }
}

/// A cable between the two, with IPv4.
fn join(person: &Namespace, link: &str, server: &Namespace, network: &str) {
    person.cable(link, server, "wan");
    for (namespace, link, last) in [(person, link, 2), (server, "wan", 1)] {
        namespace.ip(&["addr", "add", &format!("{network}.{last}/24"), "dev", link]);
        namespace.ip(&["link", "set", link, "up"]);
    }
}

/// Options that make OpenSSH what it is on a new machine, without its questions.
pub fn ssh() -> &'static str {
    "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
}

/// A folder with files to carry.
pub fn fill(folder: &Path) {
    std::fs::create_dir_all(folder.join("deep/er")).unwrap();
    for number in 0..40 {
        std::fs::write(folder.join(format!("deep/er/{number}")), tests::payload::bytes(number, 50_000)).unwrap();
    }
}
