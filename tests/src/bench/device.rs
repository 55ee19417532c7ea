//! The system tunnel as a whole, in two namespaces: speed and cost of one TCP stream beside `wireguard-go` on a cable
//! of its own, the name server's answers, rest, and how long the switch takes. Rounds of both sides are interleaved.
//!
//! Which peer decides: the Go module as it is now, at the MTU of 1420 that it chooses itself, which is its fastest form.
//! The same at our MTU of 1280, and Debian's release of 2022, which does not batch yet, stand beside it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use super::flow::{Flow, Way, run};
use super::stage::{NAME, Stage};
use super::table::{Row, Target};
use super::wireguard::Pair;
use super::{cipher, footprint, peers};
use crate::lab::available;

/// Seconds of one stream: `iperf3` takes whole ones.
const SECONDS: u32 = 1;
/// Of the bare cipher in each round.
const CIPHER: Duration = Duration::from_millis(200);
/// Seconds of questions in each round.
const QUESTIONS: u32 = 1;
/// How long the idle service is looked at.
const IDLE: Duration = Duration::from_secs(10);
/// The MTU that `wireguard-go` chooses itself.
const THEIR_MTU: u16 = 1420;
/// Ours.
const OUR_MTU: u16 = 1280;
/// Debian's program.
const DEBIAN: &str = "/usr/bin/wireguard-go";

/// The streams of all rounds, side by side.
#[derive(Default)]
struct Streams {
    out: Vec<Flow>,
    back: Vec<Flow>,
    module: Vec<Flow>,
    module_small: Vec<Flow>,
    debian: Vec<Flow>,
    cipher: Vec<f64>,
}

/// Everything about the device; nothing without root.
pub async fn measure(rounds: usize, folder: &Path, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    if !available("the numbers of the device") {
        return Ok(());
    }
    let mut stage = Stage::build().await?;
    let connects = (0..rounds).map(|_| first_name(&stage)).collect::<anyhow::Result<Vec<_>>>()?;
    let address = stage.connect().await?.to_string();
    let ours = stage.processes()?;
    let mut answers = Vec::new();
    for _ in 0..rounds {
        answers.push(inside(&stage, &["dns", NAME, &QUESTIONS.to_string()], "")?);
    }
    let cpu = footprint::cpu_percent(ours[0], IDLE).await?;
    let memory = peers::resident_mib(ours[0])?;
    let streams = streams(&mut stage, &address, ours, rounds, folder).await?;
    streams.tell(rows);
    let alone = |what, ours, most| Row { what, ours, peer: vec![], target: Target::AtMost(most) };
    rows.push(alone("DNS answer through the device p99 at 1,000 a second, ms", answers, 1.0));
    rows.push(alone("tunnel service idle with one deployment, MiB RSS", vec![memory], 20.0));
    rows.push(alone("tunnel service idle with one deployment, % of a core", vec![cpu], 0.2));
    rows.push(alone("switch on to first answered name, local deployment, ms", connects, 1000.0));
    Ok(())
}

/// Builds the stage, connects and holds it until a line comes on standard input: for a profiler.
#[allow(clippy::print_stdout)] // Where to look, for the person at the terminal.
pub async fn hold() -> anyhow::Result<()> {
    let stage = Stage::build().await?;
    let address = stage.connect().await?;
    let [service, daemon] = stage.processes()?;
    println!(
        "near {} far {} address {address} service {service} daemon {daemon}",
        stage.cable.near.name(),
        stage.cable.far.name()
    );
    println!("for example: ip netns exec {} iperf3 -6 -c {address}; Enter ends it", stage.cable.near.name());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

async fn streams(
    stage: &mut Stage,
    address: &str,
    ours: [u32; 2],
    rounds: usize,
    folder: &Path,
) -> anyhow::Result<Streams> {
    let mut module = match peers::build("golang.zx2c4.com/wireguard", "wireguard-go", folder)? {
        Some(program) => Some(Pair::start(&program, 0).await?),
        None => None,
    };
    let debian = PathBuf::from(DEBIAN);
    let mut debian = if debian.is_file() { Some(Pair::start(&debian, 1).await?) } else { None };
    let mut streams = Streams::default();
    for round in 0..rounds {
        streams.cipher.push(cipher::megabits(CIPHER)?);
        streams.out.push(run(&mut stage.cable, address, Way::Out, SECONDS, ours)?);
        if let Some(pair) = &mut module {
            for (mtu, flows) in [(THEIR_MTU, &mut streams.module), (OUR_MTU, &mut streams.module_small)] {
                pair.set_mtu(mtu);
                let (address, ends) = (pair.address(), pair.processes());
                flows.push(run(&mut pair.cable, address, Way::Out, SECONDS, ends)?);
            }
        }
        streams.back.push(run(&mut stage.cable, address, Way::Back, SECONDS, ours)?);
        if let Some(pair) = &mut debian {
            let (address, ends) = (pair.address(), pair.processes());
            streams.debian.push(run(&mut pair.cable, address, Way::Out, SECONDS, ends)?);
        }
        streams.show(round);
    }
    Ok(streams)
}

impl Streams {
    fn tell(&self, rows: &mut Vec<Row>) {
        let all = |flows: &[Flow], of: fn(&Flow) -> f64| flows.iter().map(of).collect::<Vec<_>>();
        let mut row = |what, ours: &[Flow], peer: &[Flow], of, target| {
            rows.push(Row { what, ours: all(ours, of), peer: all(peer, of), target });
        };
        let (fast, cheap) = (Target::RatioAtLeast(1.3), Target::RatioAtMost(0.8));
        let speed = |flow: &Flow| flow.megabits;
        let (out, back) = (&self.out, &self.back);
        row("device to daemon, one TCP stream, Mbit/s (peer: wireguard-go, MTU 1420)", out, &self.module, speed, fast);
        row("daemon to device, the same", back, &self.module, speed, fast);
        row("device to daemon (peer: wireguard-go at our MTU, 1280)", out, &self.module_small, speed, fast);
        row("daemon to device, the same", back, &self.module_small, speed, fast);
        row("device to daemon (peer: Debian's wireguard-go of 2022, MTU 1420)", out, &self.debian, speed, fast);
        let own = |flow: &Flow| flow.own;
        row("device to daemon, CPU seconds of both ends' processes per GB (MTU 1420)", out, &self.module, own, cheap);
        row("daemon to device, the same", back, &self.module, own, cheap);
        let machine = |flow: &Flow| flow.machine;
        row("device to daemon, CPU seconds of the whole machine per GB", out, &self.module, machine, cheap);
        row("daemon to device, the same", back, &self.module, machine, cheap);
        for (what, flows) in [
            ("device to daemon, % of the bare cipher on one core (1280 bytes)", out),
            ("daemon to device, the same", back),
        ] {
            let share = flows.iter().zip(&self.cipher).map(|(flow, bare)| 100.0 * flow.megabits / bare);
            rows.push(Row { what, ours: share.collect(), peer: vec![], target: Target::AtLeast(40.0) });
        }
    }

    #[allow(clippy::print_stdout)] // Progress for the terminal.
    fn show(&self, round: usize) {
        let last = |flows: &[Flow]| {
            flows.last().map_or_else(String::new, |flow| {
                format!("{:.0} Mbit/s, {:.2} and {:.2} s/GB", flow.megabits, flow.own, flow.machine)
            })
        };
        println!(
            "device round {round}: out {} | back {} | module {} | at 1280 {} | Debian {} | cipher {:.0}",
            last(&self.out),
            last(&self.back),
            last(&self.module),
            last(&self.module_small),
            last(&self.debian),
            self.cipher.last().unwrap_or(&0.0),
        );
    }
}

/// From the switch to the first name, in milliseconds; the tunnel is off again afterwards.
fn first_name(stage: &Stage) -> anyhow::Result<f64> {
    let description = stage.description();
    let socket = stage.socket().display().to_string();
    inside(stage, &["first-name", NAME, &socket, &description.url], description.token.expose())
}

/// What this program prints when it runs in the near namespace.
fn inside(stage: &Stage, arguments: &[&str], input: &str) -> anyhow::Result<f64> {
    let mut command: Command = stage.cable.near.command(std::env::current_exe()?);
    command.arg("inside").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    anyhow::ensure!(output.status.success(), "`bench inside {}` failed", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
