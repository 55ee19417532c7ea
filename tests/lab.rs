//! The spine across an internet: client and workspace in two homes behind NATs of their own. Relayed first, direct
//! within ten seconds, relayed for ever where UDP is blocked, and a transfer that survives the switch. Root only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "lab/blocked.rs"]
mod blocked;
#[path = "lab/flap.rs"]
mod flap;
#[path = "lab/moving.rs"]
mod moving;
#[path = "lab/traffic.rs"]
mod traffic;
#[path = "lab/tunnelled.rs"]
mod tunnelled;
#[path = "lab/userspace.rs"]
mod userspace;

use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tests::binary::{self, output, run, said, write_script};
use tests::host::{Host, Setup};
use tests::lab::{Lab, Namespace, NatKind, SERVER, SERVER_NAME, SERVER_V6};
use tests::payload;

/// The laboratory is one machine: one test at a time.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A server on the laboratory's internet, and `box` in bob's home.
struct Stage {
    host: Host,
    lab: Lab,
    token: String,
}

impl Stage {
    async fn build(a: NatKind, b: NatKind, udp: bool) -> Self {
        let lab = Lab::new(a, b);
        lab.nat_a.set_udp(udp);
        Self::on(lab).await
    }

    /// On a wired laboratory the server has a name and both families of addresses.
    async fn on(lab: Lab) -> Self {
        let scripts = tempfile::tempdir().unwrap().keep();
        let wrapper = scripts.join("homeport-in-bobs-home");
        let real = binary::path("homeport");
        let is_wired = lab.wires.is_some();
        let own_hosts = if is_wired { own_file(&scripts, "hosts", &hosts()) } else { String::new() };
        // A server that listens everywhere tells the daemons of its own machine a loopback address; bob's is another.
        let url = if is_wired { format!("CODER_AGENT_URL=http://{SERVER_NAME}:7080") } else { String::new() };
        let line = format!("{own_hosts} exec env {url} {} \"$@\"", real.display());
        let inside = if is_wired { "unshare -m " } else { "" };
        write_script(&wrapper, &format!("exec ip netns exec {} {inside}sh -c '{line}' sh \"$@\"", lab.bob.name()));
        let (here, name) = if is_wired { (IpAddr::from([0; 16]), Some(SERVER_NAME)) } else { (SERVER.into(), None) };
        let mut host = Host::start(Setup {
            daemon: Some(wrapper),
            stun: Some(SocketAddr::new(here, 3478)),
            namespace: Some(lab.internet.name().to_owned()),
            name,
            ..Setup::default()
        })
        .await;
        host.listen_on(SocketAddr::new(here, 7080)).await;
        let (_, token) = host.session();
        let stage = Self { host, lab, token };
        // From beside the server: alice's way to it may be a bad one.
        run(&mut stage.homeport_in(&stage.lab.internet, &["create", "box", "--template", "this-computer", "--yes"]));
        stage
    }

    /// `homeport` in alice's home.
    fn homeport(&self, arguments: &[&str]) -> Command {
        self.homeport_in(&self.lab.alice, arguments)
    }

    fn homeport_in(&self, namespace: &Namespace, arguments: &[&str]) -> Command {
        let mut command = namespace.command(binary::path("homeport"));
        let url = format!("http://{SERVER}:7080");
        command.args(arguments).env("CODER_URL", url).env("CODER_SESSION_TOKEN", &self.token);
        command.env("XDG_CONFIG_HOME", self.host.path("alice")).env("HOME", self.host.path("alice"));
        command.env_remove("DBUS_SESSION_BUS_ADDRESS").env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    fn ssh(&self, command: &str) -> Command {
        self.homeport(&["ssh", "box", "--", command])
    }
}

/// The names of a wired laboratory.
fn hosts() -> String {
    format!("127.0.0.1 localhost\n::1 localhost\n{SERVER} {SERVER_NAME}\n{SERVER_V6} {SERVER_NAME}\n")
}

/// A line of shell, for `unshare -m`, that puts this text over a file of `/etc`.
fn own_file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    format!("mount --make-rprivate / && mount --bind {} /etc/{name} &&", path.display())
}

/// A child that is ended with its test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of `homeport ping` that says what is wanted, and when it came.
fn ping_until(stage: &Stage, count: u32, wanted: impl Fn(&str) -> bool) -> (Option<Duration>, Vec<String>) {
    let mut command = stage.homeport(&["ping", "box", "-n", &count.to_string()]);
    let start = Instant::now();
    let mut ping = Guard(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = Vec::new();
    for line in BufReader::new(ping.0.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let found = wanted(&line);
        lines.push(line);
        if found {
            return (Some(start.elapsed()), lines);
        }
    }
    (None, lines)
}

fn is_direct(line: &str) -> bool {
    line.contains(" directly via ")
}

fn is_relayed(line: &str) -> bool {
    line.contains(" through relay ")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_homes_go_from_the_relay_to_a_direct_path_within_ten_seconds() {
    if !tests::lab::available("two_homes_go_from_the_relay_to_a_direct_path_within_ten_seconds") {
        return;
    }
    let _turn = TURN.lock().await;
    let stage = Stage::build(NatKind::Cone, NatKind::Cone, true).await;
    let (direct, lines) = ping_until(&stage, 30, is_direct);
    let direct = direct.unwrap_or_else(|| panic!("never direct: {lines:#?}\n{}", stage.host.log()));
    assert!(direct < Duration::from_secs(10), "direct only after {direct:?}: {lines:#?}");
    assert!(stage.lab.nat_a.udp_passed() > 0, "the counter of the router saw it");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_udp_everything_works_through_the_relay_for_ever() {
    if !tests::lab::available("without_udp_everything_works_through_the_relay_for_ever") {
        return;
    }
    let _turn = TURN.lock().await;
    let stage = Stage::build(NatKind::Cone, NatKind::Symmetric, false).await;
    let (direct, lines) = ping_until(&stage, 12, is_direct);
    assert!(direct.is_none(), "direct without UDP: {lines:#?}");
    assert!(lines.iter().any(|line| is_relayed(line)), "{lines:#?}\n{}", stage.host.log());
    assert_eq!(run(&mut stage.ssh("hostname")), run(&mut Command::new("hostname")));
    assert_eq!(stage.lab.nat_a.udp_passed(), 0, "no UDP got through");
}

/// 200 MB with checksum: starts on the relay (UDP blocked), UDP opens in the middle, the path becomes direct.
#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_survives_the_switch_from_relay_to_direct() {
    const TOTAL: usize = 200 << 20;
    if !tests::lab::available("a_transfer_survives_the_switch_from_relay_to_direct") {
        return;
    }
    let _turn = TURN.lock().await;
    let stage = Stage::build(NatKind::Cone, NatKind::Cone, false).await;
    // Home routers have a speed; without one the transfer would be over before the path changes.
    run(stage
        .lab
        .nat_a
        .command("tc")
        .args(["qdisc", "add", "dev", "lan", "root", "tbf", "rate", "160mbit", "burst", "256kb", "latency", "100ms"]));
    let sent = payload::bytes(21, TOTAL);
    std::fs::write(stage.host.path("big"), &sent).unwrap();
    let mut command = stage.ssh(&format!("cat {}", stage.host.path("big").display()));
    let mut transfer = Guard(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut stdout = transfer.0.stdout.take().unwrap();
    let mut hash = Sha256::new();
    let (mut received, mut opened) = (0, false);
    let mut block = vec![0; 1 << 16];
    loop {
        let read = stdout.read(&mut block).unwrap();
        if read == 0 {
            break;
        }
        hash.update(&block[..read]);
        received += read;
        if !opened && received > TOTAL / 10 {
            assert_eq!(stage.lab.nat_a.udp_passed(), 0, "so far all went through the relay");
            stage.lab.nat_a.set_udp(true);
            opened = true;
        }
    }
    let mut complaint = String::new();
    transfer.0.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert!(transfer.0.wait().unwrap().success(), "{complaint}");
    assert_eq!(received, TOTAL, "{complaint}");
    let checksum: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(checksum, payload::checksum(&sent));
    let direct = stage.lab.nat_a.udp_passed();
    assert!(direct > 20 << 20, "only {direct} bytes went the direct way");
}

/// The control: with the router's UDP blocked in mid-session the relay takes over, so "direct" above was no accident of
/// the test's words.
#[tokio::test(flavor = "multi_thread")]
async fn when_udp_dies_the_relay_takes_over() {
    if !tests::lab::available("when_udp_dies_the_relay_takes_over") {
        return;
    }
    let _turn = TURN.lock().await;
    let stage = Stage::build(NatKind::Cone, NatKind::Cone, true).await;
    let (direct, lines) = ping_until(&stage, 30, is_direct);
    assert!(direct.is_some(), "{lines:#?}");
    stage.lab.nat_a.set_udp(false);
    let shown = output(&mut stage.ssh("echo still here"));
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "still here\n", "{}", said(&shown));
    let (relayed, lines) = ping_until(&stage, 5, is_relayed);
    assert!(relayed.is_some(), "{lines:#?}");
}
