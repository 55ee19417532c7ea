//! A `homeport-server` as a user runs it, in a folder of its own, and the `homeport` command that finds it. Everything
//! it started is gone when it is dropped: the server stops its workspaces, and what it left is ended by its folder.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::binary;
use crate::lab::Namespace;

/// How long a graceful end may take before it is forced.
const GRACE: Duration = Duration::from_secs(20);

/// How to start a [`Host`].
#[derive(Default)]
pub struct Setup {
    /// Create this workspace at the first start.
    pub first_workspace: Option<&'static str>,
    /// Program to run instead of `homeport` for workspace daemons.
    pub daemon: Option<PathBuf>,
    /// STUN address; off when absent.
    pub stun: Option<SocketAddr>,
    /// Run the server in this network namespace.
    pub namespace: Option<String>,
    /// Host name of the access URL instead of the listener's address.
    pub name: Option<&'static str>,
}

/// A running server and its folder.
pub struct Host {
    folder: tempfile::TempDir,
    setup: Setup,
    address: SocketAddr,
    server: Option<Child>,
}

impl Host {
    /// Starts a server in a fresh folder and waits until it answers.
    pub async fn start(setup: Setup) -> Self {
        let folder = tempfile::Builder::new().prefix("homeport-test-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).unwrap();
        let mut host = Self { folder, setup, address, server: None };
        host.start_server().await;
        host
    }

    /// Starts the server again (after [`Host::kill_server`]) on the same folder and address.
    pub async fn start_server(&mut self) {
        assert!(self.server.is_none(), "the server runs already");
        let log = File::options().create(true).append(true).open(self.path("server.log")).unwrap();
        let server = binary::path("homeport-server");
        let mut command = match &self.setup.namespace {
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(server);
                command
            }
            None => Command::new(server),
        };
        command.arg("--data-dir").arg(self.path("data")).args(["--listen", &self.address.to_string()]);
        command.args(["--access-url", &self.access_url(), "--stop-workspaces-on-exit"]);
        command.args(["--stun", &self.setup.stun.map_or_else(|| "off".into(), |address| address.to_string())]);
        if let Some(name) = self.setup.first_workspace {
            command.args(["--first-workspace", name]);
        }
        let daemon = self.setup.daemon.clone().unwrap_or_else(|| binary::path("homeport"));
        command.env("HOMEPORT_DAEMON_BINARY", daemon).env("HOME", self.path("home"));
        for name in ["CODER_URL", "CODER_SESSION_TOKEN", "CODER_ACCESS_URL", "XDG_DATA_HOME", "HOMEPORT_DATA_DIR"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0);
        self.server = Some(command.spawn().unwrap());
        self.wait_until_healthy().await;
    }

    /// Starts it again with another program for workspace daemons.
    pub async fn start_server_with(&mut self, daemon: &str) {
        self.setup.daemon = Some(daemon.into());
        self.start_server().await;
    }

    async fn wait_until_healthy(&mut self) {
        let mut pause = Duration::from_millis(10);
        let limit = tokio::time::Instant::now() + Duration::from_secs(30);
        while !self.is_healthy() {
            if let Some(status) = self.server.as_mut().and_then(|server| server.try_wait().unwrap()) {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            assert!(tokio::time::Instant::now() < limit, "the server does not answer:\n{}", self.log());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    fn is_healthy(&self) -> bool {
        let mut command = match &self.setup.namespace {
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace, "bash"]);
                command
            }
            None => Command::new("bash"),
        };
        // Bash speaks TCP; nothing needs to be installed for one GET.
        let ask = format!(
            "exec 3<>/dev/tcp/{}/{} && printf 'GET /healthz HTTP/1.1\\r\\nHost: {}\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -1 <&3",
            self.address.ip(),
            self.address.port(),
            self.address
        );
        let output = binary::output(command.args(["-c", &ask]).stderr(Stdio::null()));
        String::from_utf8_lossy(&output.stdout).contains(" 200 ")
    }

    /// Starts the server again on an address that others reach. The account of the local user, which a server makes only
    /// on loopback, is there by then.
    pub async fn listen_on(&mut self, address: SocketAddr) {
        self.kill_server();
        self.address = address;
        self.start_server().await;
    }

    /// Gives the local user another name, as on a computer of somebody else. The server must be started again.
    pub fn rename_user(&self, name: &str) {
        let line = format!("UPDATE users SET username = '{name}' WHERE is_owner = 1");
        binary::run(Command::new("sqlite3").arg(self.path("data/homeport.db")).args([".timeout 5000", &line]));
    }

    /// SIGKILL; workspaces live on.
    pub fn kill_server(&mut self) {
        let mut server = self.server.take().expect("a running server");
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Process id of the server.
    pub fn server_pid(&self) -> u32 {
        self.server.as_ref().expect("a running server").id()
    }

    /// The address of the listener as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access URL as daemons know it.
    pub fn access_url(&self) -> String {
        match self.setup.name {
            Some(name) => format!("http://{name}:{}", self.address.port()),
            None => self.url(),
        }
    }

    /// A path in the folder of this host.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// URL and token of the local user.
    pub fn session(&self) -> (String, String) {
        let text = std::fs::read_to_string(self.path("data/local-session.json")).unwrap();
        let session: serde_json::Value = serde_json::from_str(&text).unwrap();
        let field = |name: &str| session[name].as_str().unwrap().to_owned();
        (field("url"), field("token"))
    }

    /// `homeport` as the user runs it in a second terminal: it finds the local server by its data folder.
    pub fn homeport(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::path("homeport"));
        command.args(arguments).env("HOMEPORT_DATA_DIR", self.path("data")).env("HOME", self.path("home"));
        command.env("XDG_CONFIG_HOME", self.path("config")).env("NO_COLOR", "1");
        for name in ["CODER_URL", "CODER_SESSION_TOKEN", "DBUS_SESSION_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    /// `homeport` in another namespace: it finds the server by its URL and the local user's token.
    pub fn homeport_in(&self, namespace: &Namespace, arguments: &[&str]) -> Command {
        let mut command = namespace.command(binary::path("homeport"));
        command.args(arguments).env("CODER_URL", self.url()).env("CODER_SESSION_TOKEN", self.session().1);
        command.env("HOME", self.path("home")).env("XDG_CONFIG_HOME", self.path("config")).env("NO_COLOR", "1");
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").stdin(Stdio::null());
        command
    }

    /// Whether a workspace daemon's token is good at this server.
    pub async fn accepts(&self, token: &str) -> bool {
        let url = format!("{}/api/v2/workspaceagents/me/gitsshkey", self.url());
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(url).header("Coder-Session-Token", token.trim()).send().await.unwrap();
        match answer.status().as_u16() {
            200 => true,
            401 => false,
            other => panic!("the server answers {other} to a daemon's token"),
        }
    }

    /// What the server printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("server.log")).unwrap_or_default()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("server log:\n{}", self.log());
        }
        if let Some(mut server) = self.server.take() {
            let pid = server.id();
            signal(pid, Signal::SIGTERM);
            let (done, ended) = std::sync::mpsc::channel();
            let waiter = std::thread::spawn(move || {
                let _ = server.wait();
                let _ = done.send(());
            });
            if ended.recv_timeout(GRACE).is_err() {
                signal(pid, Signal::SIGKILL);
            }
            let _ = waiter.join();
        }
        for pid in processes_of(self.folder.path()) {
            signal(pid, Signal::SIGKILL);
        }
    }
}

fn signal(pid: u32, signal: Signal) {
    // A process that is gone already is what we wanted.
    let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap_or(0)), signal);
}

/// Processes whose environment names a folder: what a host started and did not end.
pub fn processes_of(folder: &Path) -> Vec<u32> {
    let needle = folder.to_string_lossy().into_owned().into_bytes();
    let names = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(needle.len()).any(|window| window == needle)
    };
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != std::process::id() && names(pid)).collect()
}
