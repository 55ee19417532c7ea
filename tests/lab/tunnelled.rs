//! The whole product through the device: a server and relay on the internet, a workspace in bob's home, the tunnel
//! service in alice's, and traffic of programs that know nothing of it. Not here: the faults.

use std::net::Ipv6Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use tests::binary::{output, run};
use tests::lab::emulator::Conditions;
use tests::lab::{Families, Lab, NatKind, Service, until};
use tests::sabotaged;

use super::traffic::{Client, Served};
use super::{Stage, hosts, own_file};

/// A line like a good one at home: some milliseconds, and not so fast that the test's own two cores are the limit.
pub const HOME_LINE: Conditions = Conditions {
    delay: Duration::from_millis(4),
    jitter: Duration::from_millis(1),
    rate: Some(16_000_000),
    loss: 0,
    reorder: 0,
    duplicate: 0,
    flip: 0,
    longest: None,
};

/// See the module.
pub struct Tunnelled {
    pub service: Service,
    /// The workspace's address.
    pub address: Ipv6Addr,
    pub served: Served,
    mounts: String,
    pub stage: Stage,
}

impl Tunnelled {
    /// Connected, and a first answer came; by relay or directly, as the routers let it.
    pub async fn build(a: NatKind, b: NatKind, families: Families, prepare: impl FnOnce(&Lab)) -> Self {
        Self::with(a, b, families, prepare, &[]).await
    }

    /// The same with more arguments and environment (`NAME=value`) of the service.
    pub async fn with(
        a: NatKind,
        b: NatKind,
        families: Families,
        prepare: impl FnOnce(&Lab),
        environment: &[&str],
    ) -> Self {
        let lab = Lab::wired(a, b, families);
        lab.wire_a().set(HOME_LINE);
        lab.wire_b().set(HOME_LINE);
        prepare(&lab);
        let stage = Stage::on(lab).await;
        let folder = stage.host.path("alice");
        std::fs::create_dir_all(&folder).unwrap();
        let names = own_file(&folder, "hosts", &hosts());
        let mounts = format!("{names} {}", own_file(&folder, "resolv.conf", "nameserver fd60:627a:a42b::53\n"));
        let place = |program: &std::path::Path| {
            let mut command = stage.lab.alice.command("unshare");
            command.args(["--mount", "sh", "-c", &format!("{mounts} exec env \"$@\""), "sh"]);
            command.args(environment).arg(program);
            command
        };
        let service = Service::start(place, "0", &[]);
        let served = Served::start(&stage.lab.bob);
        let (url, token) = (stage.host.access_url(), &stage.token);
        let ask = format!(r#"{{"id":1,"call":"connect","url":"{url}","token":"{token}"}}"#);
        let said = service.ask(&ask);
        assert!(said.contains("done"), "{said}");
        let mut tunnelled = Self { service, address: Ipv6Addr::UNSPECIFIED, served, mounts, stage };
        let look = || tunnelled.sh("getent ahostsv6 box.coder");
        until(Duration::from_secs(30), look, |text| text.contains("fd60"));
        let found = run(&mut tunnelled.sh("getent ahostsv6 box.coder"));
        tunnelled.address = found.split_whitespace().next().unwrap().parse().unwrap();
        assert!(tunnelled.answers(Duration::from_secs(20)).is_some(), "no answer to a ping");
        tunnelled
    }

    /// A line of shell in alice's home, where names are asked of the tunnel.
    pub fn sh(&self, line: &str) -> Command {
        let mut command = self.stage.lab.alice.command("unshare");
        command.args(["--mount", "sh", "-c", &format!("{} {line}", self.mounts)]);
        command
    }

    /// How long it takes until a ping through the device is answered, if it is by then. One every 100 ms.
    pub fn answers(&self, limit: Duration) -> Option<Duration> {
        let start = Instant::now();
        let mut command = self.stage.lab.alice.command("ping");
        let seconds = limit.as_secs().max(1).to_string();
        command.args(["-6", "-q", "-c", "1", "-i", "0.1", "-w", &seconds, &self.address.to_string()]);
        output(&mut command).status.success().then(|| start.elapsed())
    }

    /// Waits for a direct path. The service measures only while somebody looks.
    pub fn wait_until_direct(&self, limit: Duration) -> Duration {
        let start = Instant::now();
        while !self.is_direct() {
            assert!(start.elapsed() < limit, "no direct path within {limit:?}\n{}", self.service.log());
        }
        start.elapsed()
    }

    /// Whether the daemon is reached directly, as `homeport connect status` says.
    pub fn is_direct(&self) -> bool {
        self.status().contains("  direct ")
    }

    /// What `homeport connect status` says, with its first measurement.
    pub fn status(&self) -> String {
        let mut command = self.stage.homeport(&["connect", "status"]);
        command.env("HOMEPORT_TUNNEL_SOCKET", self.service.socket());
        let output = output(&mut command);
        tests::binary::said(&output)
    }

    /// Standing traffic of a program here.
    pub fn echo(&self) -> Client {
        Client::echo(&self.stage.lab.alice, self.address, &self.served)
    }

    /// The same, in bulk.
    pub fn stream(&self) -> Client {
        Client::stream(&self.stage.lab.alice, self.address, &self.served)
    }

    /// A program of alice, with our names and the options of a new machine.
    pub fn ssh(&self, line: &str) -> String {
        let options = "-F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
        run(&mut self.sh(&format!("exec ssh {options} -o LogLevel=ERROR -o ConnectTimeout=20 box.coder '{line}'")))
    }
}

/// Promise K3, for every test that runs the tunnel: no packet of the mesh was on a cable in clear text, and no question
/// for our suffix.
impl Drop for Tunnelled {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let lab = &self.stage.lab;
        if sabotaged("K3") {
            let question = "printf '\\003box\\005coder' >/dev/udp/203.0.113.1/53";
            run(lab.alice.command("bash").args(["-c", question]));
            while lab.wire_a().leaked() == 0 {
                std::thread::yield_now();
            }
        }
        assert_eq!((lab.wire_a().leaked(), lab.wire_b().leaked()), (0, 0), "packets of the mesh, or questions for it");
    }
}
