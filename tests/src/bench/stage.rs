//! Two machines on one cable for the tunnel's numbers: the system tunnel on the near one, a server with a workspace
//! daemon on the far one. Root only; namespaces and processes go with the guard.
//!
//! ```text
//!   near                           far
//!   homeport-tunnel, homeport0     homeport-server, workspace daemon
//!   10.82.0.1 ──────── veth ────── 10.82.0.2
//!   iperf3 -c                      iperf3 -s
//! ```
//!
//! Not here: what is measured, and the other tunnel, which has a cable of its own (`wireguard`): on one cable ours would
//! find a path through the other.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use client::tunnel::Tunnel;
use proto::ipc::{Call, DaemonPath, Description};
use proto::secret::Secret;

use super::footprint;
use crate::binary;
use crate::host::{Host, Setup};
use crate::lab::Namespace;

/// The near machine on the cable.
pub const NEAR: Ipv4Addr = Ipv4Addr::new(10, 82, 0, 1);
/// The far one.
pub const FAR: Ipv4Addr = Ipv4Addr::new(10, 82, 0, 2);
/// Where the server listens on the far machine.
const PORT: u16 = 7080;
/// The name of the workspace.
pub const NAME: &str = "box.coder";
/// How long the first direct path may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A process that ends with its guard.
pub struct Guard(pub Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Two machines on a cable, and an iperf3 server on the far one. Fields end in this order.
pub struct Cable {
    iperf: Guard,
    /// Where the stream begins.
    pub near: Namespace,
    /// Where it is served.
    pub far: Namespace,
}

impl Cable {
    /// Lays it.
    pub fn lay() -> anyhow::Result<Self> {
        let (near, far) = (Namespace::new("near"), Namespace::new("far"));
        near.cable("eth0", &far, "eth0");
        for (namespace, address) in [(&near, NEAR), (&far, FAR)] {
            namespace.ip(&["addr", "add", &format!("{address}/24"), "dev", "eth0"]);
            namespace.ip(&["link", "set", "eth0", "up"]);
        }
        let mut iperf = far.command("iperf3");
        let iperf = Guard(quiet(iperf.arg("-s")).spawn()?);
        Ok(Self { iperf, near, far })
    }

    /// Whether the iperf3 server still runs.
    pub fn is_serving(&mut self) -> bool {
        matches!(self.iperf.0.try_wait(), Ok(None))
    }
}

/// See the module. Fields end in this order.
pub struct Stage {
    service: Guard,
    host: Host,
    folder: tempfile::TempDir,
    /// Tunnel near, workspace far.
    pub cable: Cable,
}

impl Stage {
    /// Lays the cable and starts everything on both ends; the tunnel is not told of the deployment yet.
    pub async fn build() -> anyhow::Result<Self> {
        let cable = Cable::lay()?;
        let (near, far) = (&cable.near, &cable.far);
        let folder = tempfile::tempdir()?;
        let mut host = Host::start(Setup { namespace: Some(far.name().to_owned()), ..Setup::default() }).await;
        host.listen_on(SocketAddr::from((FAR, PORT))).await;
        let mut create = far.command(binary::path("homeport"));
        create.args(["create", "box", "--template", "this-computer", "--yes"]).env("NO_COLOR", "1");
        create.env("HOMEPORT_DATA_DIR", host.path("data")).env("HOME", host.path("home"));
        for name in ["CODER_URL", "CODER_SESSION_TOKEN", "DBUS_SESSION_BUS_ADDRESS"] {
            create.env_remove(name);
        }
        binary::run(create.stdin(Stdio::null()));
        let mut service = near.command(binary::path("homeport-tunnel"));
        service.arg("--socket").arg(folder.path().join("tunnel.sock")).arg("--state-dir").arg(folder.path());
        service.args(["--group", "0", "--log", "warn"]);
        let service = Guard(quiet(&mut service).spawn()?);
        let stage = Self { service, host, folder, cable };
        tokio::time::timeout(LIMIT, async {
            while Tunnel::open(&stage.socket()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .context("the tunnel service does not answer")?;
        Ok(stage)
    }

    /// The service's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("tunnel.sock")
    }

    /// What the service is told to reach.
    pub fn description(&self) -> Description {
        let (_, token) = self.host.session();
        Description { url: self.host.url(), token: Secret::new(token), is_local: false }
    }

    /// Switches the tunnel on and waits until packets go straight to the workspace daemon. Its address.
    pub async fn connect(&self) -> anyhow::Result<Ipv6Addr> {
        let mut tunnel = Tunnel::open(&self.socket()).await?;
        tunnel.call(Call::Connect(self.description())).await?;
        let straight = async {
            loop {
                let picture = Tunnel::open(&self.socket()).await?.watch().await?;
                let mut daemons = picture.deployments.values().flat_map(|deployment| &deployment.daemons);
                if let Some(daemon) = daemons.find(|daemon| daemon.name == "main") {
                    if matches!(daemon.path, DaemonPath::Direct { .. }) {
                        return anyhow::Ok(daemon.address);
                    }
                    // A path is looked for when there is something to send.
                    let mut ping = self.cable.near.command("ping");
                    binary::output(ping.args(["-6", "-c1", "-W1", &daemon.address.to_string()]));
                }
            }
        };
        tokio::time::timeout(LIMIT, straight).await.context("no direct path to the workspace daemon")?
    }

    /// The processes of our tunnel: the service near, the workspace daemon far.
    pub fn processes(&self) -> anyhow::Result<[u32; 2]> {
        Ok([self.service.0.id(), footprint::daemon_pid(&self.host)?])
    }
}

/// No input, no output.
pub fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}
