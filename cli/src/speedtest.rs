//! `homeport speedtest`: the throughput to a workspace through the mesh (its port 3, spec `agent-rpc.md` 7.3).

use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use crate::failure::failure;
use crate::global::Global;
use crate::reach::{self, Policy, Wait};
use crate::session;
use crate::table::{Output, print_json};
use crate::target::Target;
use crate::terminal::{print, progress};

/// The speedtest port of every workspace daemon.
const PORT: u16 = 3;
/// Version of the exchange.
const VERSION: u32 = 2;
/// Both ends write and read blocks of this size.
const BLOCK: usize = 2 * 1024 * 1024;
/// Longest answer line: a version's error text.
const MAX_LINE: u64 = 4096;
/// A last interval that is shorter says nothing.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Direction {
    /// From the workspace.
    Down,
    /// To the workspace.
    Up,
}

/// Options of `speedtest`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name[.daemon]`.
    workspace: String,
    /// Seconds, 5 to 30.
    #[arg(short, long, default_value = "5s", value_parser = parse_seconds)]
    time: u64,
    /// Which way.
    #[arg(long, default_value = "down")]
    direction: Direction,
    /// Wait until the way is direct before measuring.
    #[arg(short, long)]
    direct: bool,
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

#[derive(Serialize)]
struct Request {
    version: u32,
    /// Nanoseconds.
    time: u64,
    /// 0 towards us, 1 from us.
    direction: u8,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    error: String,
}

/// What passed in one second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Interval {
    start_time_seconds: f64,
    end_time_seconds: f64,
    throughput_mbits: f64,
}

#[derive(Serialize)]
struct Report {
    overall: Interval,
    intervals: Vec<Interval>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse(&args.workspace)?;
    let deployment = global.deployment().await?;
    let starting = session::begin(&deployment, global.disable_direct_connections);
    let (_, agent) =
        reach::agent(&deployment, &target, Policy { wait: Wait::No, autostart: false, quiet: false }).await?;
    let mut session = starting.attach(agent.id).await?;
    session.reachable().await?;
    let limit = Duration::from_secs(5);
    loop {
        let pong = session.mesh.ping(session.address, limit).await?;
        if matches!(pong.path, mesh::driver::Path::Direct(_)) || !args.direct {
            progress(&format!("Way: {:?}, {:.1} ms", pong.path, pong.latency.as_secs_f64() * 1000.0));
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut stream = BufReader::with_capacity(64 * 1024, session.dial(PORT).await?);
    let time = Duration::from_secs(args.time);
    ask(&mut stream, args.direction, time).await?;
    let samples = match args.direction {
        Direction::Down => {
            tokio::time::timeout(time * 4, receive(&mut stream)).await.context("the test took too long")??
        }
        Direction::Up => send(&mut stream, time).await?,
    };
    let report = report(&samples).ok_or_else(|| failure("nothing was measured", "try a longer time"))?;
    session.close().await;
    match args.output {
        Output::Json => print_json(&report)?,
        Output::Table => {
            for line in report.intervals.iter().map(line).chain([line(&report.overall)]) {
                print(&line);
            }
        }
    }
    Ok(0)
}

fn line(interval: &Interval) -> String {
    let Interval { start_time_seconds: start, end_time_seconds: end, throughput_mbits: rate } = interval;
    format!("{start:6.2}-{end:<6.2} s  {rate:10.1} Mbit/s")
}

async fn ask<S>(stream: &mut BufReader<S>, direction: Direction, time: Duration) -> anyhow::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let request = Request { version: VERSION, time: nanoseconds, direction: u8::from(direction == Direction::Up) };
    let mut text = serde_json::to_vec(&request)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    (&mut *stream).take(MAX_LINE).read_until(b'\n', &mut answer).await?;
    let answer: Answer = serde_json::from_slice(&answer).context("the workspace daemon's answer is not understood")?;
    if answer.error.is_empty() {
        return Ok(());
    }
    Err(failure(format!("the workspace daemon refuses the test: {}", answer.error), "check that it is up to date"))
}

/// Bytes so far at moments since the start.
type Samples = Vec<(Duration, u64)>;

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<Samples> {
    let (mut buffer, mut total, start, mut samples) =
        (vec![0; 256 * 1024], 0_u64, Instant::now(), vec![(Duration::ZERO, 0)]);
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            // The sender's last block may be cut; whole blocks are what both ends count.
            let whole = total / BLOCK as u64 * BLOCK as u64;
            samples.push((start.elapsed(), whole.max(samples.last().map_or(0, |(_, bytes)| *bytes))));
            return Ok(samples);
        }
        total += length as u64;
        sample(&mut samples, start.elapsed(), total);
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), time: Duration) -> anyhow::Result<Samples> {
    let mut block = vec![0; BLOCK];
    getrandom::fill(&mut block).map_err(|error| std::io::Error::other(error.to_string()))?;
    let (mut total, start, mut samples) = (0_u64, Instant::now(), vec![(Duration::ZERO, 0)]);
    while start.elapsed() < time {
        stream.write_all(&block).await?;
        total += BLOCK as u64;
        sample(&mut samples, start.elapsed(), total);
    }
    stream.flush().await?;
    stream.shutdown().await?;
    samples.push((start.elapsed(), total));
    Ok(samples)
}

/// Keeps one sample for each second.
fn sample(samples: &mut Samples, at: Duration, total: u64) {
    if samples.last().is_none_or(|(last, _)| at.saturating_sub(*last) >= Duration::from_secs(1)) {
        samples.push((at, total));
    }
}

fn report(samples: &Samples) -> Option<Report> {
    let interval = |(start, before): (Duration, u64), (end, after): (Duration, u64)| {
        let seconds = end.saturating_sub(start).as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "a rate is shown with one digit behind the point")]
        let bits = after.saturating_sub(before) as f64 * 8.0;
        Interval {
            start_time_seconds: start.as_secs_f64(),
            end_time_seconds: end.as_secs_f64(),
            throughput_mbits: if seconds > 0.0 { bits / seconds / 1e6 } else { 0.0 },
        }
    };
    let (first, last) = (*samples.first()?, *samples.last()?);
    let intervals = samples
        .windows(2)
        .filter(|pair| pair[1].0.saturating_sub(pair[0].0) > SHORTEST_INTERVAL)
        .map(|pair| interval(pair[0], pair[1]))
        .collect::<Vec<_>>();
    (!intervals.is_empty()).then(|| Report { overall: interval(first, last), intervals })
}

fn parse_seconds(text: &str) -> Result<u64, String> {
    let seconds = text.trim_end_matches('s').parse::<u64>().ok().filter(|seconds| (5..=30).contains(seconds));
    seconds.ok_or_else(|| "it must be 5 to 30 seconds".to_owned())
}

#[cfg(test)]
mod tests;
