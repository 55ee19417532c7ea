//! One TCP stream of `iperf3` through a tunnel, and what it cost: processor time of the tunnel's processes, and of the
//! whole machine, for each gigabyte that arrived.

use std::process::Command;

use anyhow::Context;

use super::footprint::cpu_seconds;
use super::stage::Cable;
use crate::binary;

/// What one stream showed.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Megabits per second that arrived.
    pub megabits: f64,
    /// Seconds of processor time of the tunnel's own processes for 10^9 bytes.
    pub own: f64,
    /// The same of the whole machine, with the kernel's soft interrupts and both ends of iperf3.
    pub machine: f64,
}

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From near to far.
    Out,
    /// From far to near.
    Back,
}

/// A stream of `seconds` to `address`, from the near machine.
pub fn run(cable: &mut Cable, address: &str, way: Way, seconds: u32, processes: [u32; 2]) -> anyhow::Result<Flow> {
    anyhow::ensure!(cable.is_serving(), "the iperf3 server ended");
    let mut command = cable.near.command("iperf3");
    command.args(["-6", "-J", "-c", address, "-t", &seconds.to_string()]);
    if way == Way::Back {
        command.arg("-R");
    }
    let used = || -> anyhow::Result<[f64; 2]> {
        Ok([cpu_seconds(processes[0])? + cpu_seconds(processes[1])?, machine_seconds()?])
    };
    let before = used()?;
    let value = iperf(&mut command)?;
    let after = used()?;
    let number =
        |name: &str| value["end"]["sum_received"][name].as_f64().with_context(|| format!("iperf3 has no {name}"));
    let gigabytes = number("bytes")? / 1e9;
    Ok(Flow {
        megabits: number("bits_per_second")? / 1e6,
        own: (after[0] - before[0]) / gigabytes,
        machine: (after[1] - before[1]) / gigabytes,
    })
}

fn iperf(command: &mut Command) -> anyhow::Result<serde_json::Value> {
    let output = binary::output(command);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).with_context(|| binary::said(&output))?;
    anyhow::ensure!(value["error"].is_null(), "iperf3: {}", value["error"]);
    Ok(value)
}

/// Seconds that all processors together were not idle, since the machine started.
fn machine_seconds() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let busy = |index: &usize| !matches!(index, 3 | 4 | 7..);
    // user, nice, system, idle, waiting, interrupts, soft interrupts, then what other machines took.
    Ok(ticks.iter().enumerate().filter(|(index, _)| busy(index)).map(|(_, ticks)| ticks).sum::<f64>() / 100.0)
}
