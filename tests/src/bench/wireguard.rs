//! The other tunnel on a cable like ours: `wireguard-go` at both ends, each with a device of its own, told what to do over
//! its configuration socket. Ended on drop, which removes device and socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proto::key::NodePrivate;

use super::stage::{Cable, FAR, Guard, NEAR, quiet};
use crate::lab::Namespace;

/// Both ends inside the tunnel.
const INSIDE: [&str; 2] = ["fd82::1", "fd82::2"];
/// UDP port of both ends.
const PORT: u16 = 51820;
/// How long an end may take to open its socket.
const LIMIT: Duration = Duration::from_secs(10);

/// A running pair.
pub struct Pair {
    ends: [End; 2],
    /// What it runs over.
    pub cable: Cable,
}

struct End {
    guard: Guard,
    device: String,
}

impl Pair {
    /// Starts this program at both ends. `number` keeps the sockets of several pairs apart.
    pub async fn start(program: &Path, number: u8) -> anyhow::Result<Self> {
        let (cable, keys) = (Cable::lay()?, [private()?, private()?]);
        let near = End::start(program, &cable.near, &format!("hpn{number}x{}", std::process::id())).await?;
        let far = End::start(program, &cable.far, &format!("hpf{number}x{}", std::process::id())).await?;
        let pair = Self { ends: [near, far], cable };
        let hosts = [NEAR, FAR];
        for (mine, theirs) in [(0, 1), (1, 0)] {
            let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let (own, other) = (hex(keys[mine].expose()), hex(keys[theirs].public().0));
            pair.ends[mine].tell(&format!(
                "private_key={own}\nlisten_port={PORT}\npublic_key={other}\nendpoint={}:{PORT}\nallowed_ip={}/128\n",
                hosts[theirs], INSIDE[theirs]
            ))?;
        }
        for (mine, namespace) in [(0, &pair.cable.near), (1, &pair.cable.far)] {
            let device = &pair.ends[mine].device;
            namespace.ip(&["addr", "add", &format!("{}/64", INSIDE[mine]), "dev", device, "nodad"]);
            namespace.ip(&["link", "set", device, "up"]);
        }
        Ok(pair)
    }

    /// The far end's address.
    pub fn address(&self) -> &'static str {
        INSIDE[1]
    }

    /// Both processes.
    pub fn processes(&self) -> [u32; 2] {
        [self.ends[0].guard.0.id(), self.ends[1].guard.0.id()]
    }

    /// Changes the MTU of both devices.
    pub fn set_mtu(&self, mtu: u16) {
        for (end, namespace) in self.ends.iter().zip([&self.cable.near, &self.cable.far]) {
            namespace.ip(&["link", "set", &end.device, "mtu", &mtu.to_string()]);
        }
    }
}

impl End {
    async fn start(program: &Path, namespace: &Namespace, device: &str) -> anyhow::Result<Self> {
        let mut command = namespace.command(program);
        let guard = Guard(quiet(command.args(["-f", device]).env("LOG_LEVEL", "silent")).spawn()?);
        let end = Self { guard, device: device.to_owned() };
        tokio::time::timeout(LIMIT, async {
            while UnixStream::connect(end.socket()).is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .with_context(|| format!("{} does not open {}", program.display(), end.socket().display()))?;
        Ok(end)
    }

    fn socket(&self) -> PathBuf {
        PathBuf::from(format!("/var/run/wireguard/{}.sock", self.device))
    }

    fn tell(&self, settings: &str) -> anyhow::Result<()> {
        let mut stream = UnixStream::connect(self.socket())?;
        stream.write_all(format!("set=1\n{settings}\n").as_bytes())?;
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        anyhow::ensure!(answer.contains("errno=0"), "wireguard-go refused its settings: {answer}");
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // Asked kindly, it removes its socket.
        if let Ok(pid) = i32::try_from(self.guard.0.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let _ = self.guard.0.wait();
    }
}

fn private() -> anyhow::Result<NodePrivate> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(NodePrivate::from_bytes(bytes))
}
