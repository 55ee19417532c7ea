//! `homeport ping`: how packets reach a workspace, and how fast.

use std::time::Duration;

use mesh::driver::{Path, Pong};

use crate::failure::failure;
use crate::global::Global;
use crate::reach::{self, Policy, Wait};
use crate::session;
use crate::table::Output;
use crate::target::Target;
use crate::terminal::{print, progress};

/// Options of `ping`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name[.daemon]`.
    workspace: String,
    /// How many times; 0 means until Ctrl-C.
    #[arg(short = 'n', long, default_value_t = 10)]
    num: u32,
    /// Milliseconds between two pings.
    #[arg(long, default_value_t = 1000)]
    wait: u64,
    /// Milliseconds to wait for an answer.
    #[arg(short, long, default_value_t = 5000)]
    timeout: u64,
    /// Stop as soon as the way is direct.
    #[arg(long)]
    until_direct: bool,
    /// How to print the summary.
    #[arg(short, long, default_value = "table", hide = true)]
    output: Output,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse(&args.workspace)?;
    let deployment = global.deployment().await?;
    let starting = session::begin(&deployment, global.disable_direct_connections);
    let (_, agent) =
        reach::agent(&deployment, &target, Policy { wait: Wait::No, autostart: false, quiet: false }).await?;
    let mut session = starting.attach(agent.id).await?;
    session.reachable().await?;

    let limit = Duration::from_millis(args.timeout.clamp(1, 600_000));
    let mut results = Vec::new();
    let mut sent = 0_u32;
    while args.num == 0 || sent < args.num {
        if sent > 0 {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(args.wait)) => {}
                stopped = tokio::signal::ctrl_c() => { stopped?; break; }
            }
        }
        sent += 1;
        match session.mesh.ping(session.address, limit).await {
            Ok(pong) => {
                print(&format!("pong from {target} {} in {}", way(&pong.path), span(pong.latency)));
                let is_direct = matches!(pong.path, Path::Direct(_));
                results.push(pong);
                if args.until_direct && is_direct {
                    break;
                }
            }
            Err(error) => progress(&format!("no answer: {error}")),
        }
    }
    session.close().await;
    print(&summary(sent, &results));
    if results.is_empty() {
        return Err(failure(format!("{target} did not answer"), "`homeport netcheck` examines this network"));
    }
    Ok(0)
}

fn way(path: &Path) -> String {
    match path {
        Path::Direct(address) => format!("directly via {address}"),
        Path::Relay(region) => format!("through relay {region}"),
        Path::None => "by an unknown way".into(),
    }
}

fn span(latency: Duration) -> String {
    format!("{:.1} ms", latency.as_secs_f64() * 1000.0)
}

fn summary(sent: u32, results: &[Pong]) -> String {
    let direct = results.iter().filter(|pong| matches!(pong.path, Path::Direct(_))).count();
    let mut text = format!("{sent} sent, {} answered, {direct} of them directly", results.len());
    let latencies = || results.iter().map(|pong| pong.latency);
    if let (Some(least), Some(most), Ok(count)) = (latencies().min(), latencies().max(), u32::try_from(results.len())) {
        let mean = latencies().sum::<Duration>() / count;
        text.push_str(&format!("; least {}, mean {}, most {}", span(least), span(mean), span(most)));
    }
    text
}

#[cfg(test)]
mod tests;
