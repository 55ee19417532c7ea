//! `homeport connect start`: tells the tunnel service what to reach and waits until it does, or says why it does not.
//! Without the service it becomes user-space mode.

mod verdict;

use std::time::Duration;

use client::tunnel::{DeploymentPicture, Picture, Tunnel, TunnelError};
use proto::ipc::{Call, Description, Health, HealthCode};

use super::modes::{self, Mode};
use super::{accounts, userspace};
use crate::failure::failure;
use crate::global::Global;
use crate::terminal::{print, progress};
pub use verdict::sentence;
use verdict::{Verdict, verdict};

/// A deployment that needs longer than this is told to be on its way; the service goes on trying.
const LIMIT: Duration = Duration::from_secs(30);
/// What takes shorter than this is not worth a line.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the first workspaces are waited for once all is connected.
const ACQUAINTANCE: Duration = Duration::from_millis(500);

/// Options of `connect start`.
#[derive(clap::Args)]
pub struct Args {
    /// Without a network device and without privilege: local ports on 127.0.0.1, until Ctrl-C.
    #[arg(long)]
    userspace: bool,
    /// Only through the tunnel service: fail where there is none.
    #[arg(long, conflicts_with = "userspace")]
    system: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let wanted = accounts::wanted(global).await?;
    if !args.userspace {
        match modes::open(Mode::System).await {
            Ok(tunnel) => return by_service(tunnel, wanted).await,
            Err(TunnelError::Absent(path)) if !args.system => {
                progress(&format!("There is no tunnel service here ({path}), so this is user-space mode."));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Box::pin(userspace::run(wanted, global.disable_direct_connections)).await
}

async fn by_service(mut tunnel: Tunnel, wanted: Vec<Description>) -> anyhow::Result<u8> {
    let urls: Vec<String> = wanted.iter().map(|description| description.url.clone()).collect();
    for description in wanted {
        tunnel.call(Call::Connect(description)).await?;
    }
    let mut picture = tunnel.watch().await?;
    let deadline = tokio::time::sleep(LIMIT);
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(deadline, patience);
    let mut told = String::new();
    loop {
        let waiting = match verdict(&picture, &urls) {
            Verdict::Waiting(waiting) => waiting,
            Verdict::Ready(warnings) => {
                warnings.iter().for_each(|warning| progress(warning));
                acquaint(&mut tunnel, &mut picture).await;
                summary(&picture, &urls).iter().for_each(|line| print(line));
                return Ok(0);
            }
            Verdict::Failed { what, next } => return Err(failure(what, next)),
        };
        tokio::select! {
            event = tunnel.next() => picture.apply(event?),
            () = &mut patience, if patience.deadline() > tokio::time::Instant::now() || told.is_empty() => {
                progress(&waiting);
                told = waiting;
            }
            () = &mut deadline => {
                return Err(failure(waiting.trim_end_matches('.'), "the service goes on trying; see `homeport connect status`"));
            }
        }
        if !told.is_empty()
            && let Verdict::Waiting(now) = verdict(&picture, &urls)
            && now != told
        {
            progress(&now);
            told = now;
        }
    }
}

/// Waits a moment for the first workspaces, so that one of them can be named.
async fn acquaint(tunnel: &mut Tunnel, picture: &mut Picture) {
    let knows_one = |picture: &Picture| {
        let is_named = |of: &DeploymentPicture| of.daemons.iter().any(|daemon| !daemon.hostnames.is_empty());
        picture.deployments.values().any(is_named)
    };
    let heard = async {
        while !knows_one(picture) {
            match tunnel.next().await {
                Ok(event) => picture.apply(event),
                Err(_) => return,
            }
        }
    };
    // A deployment may have no workspace at all.
    let _ = tokio::time::timeout(ACQUAINTANCE, heard).await;
}

/// A line per deployment that is connected, and what to type next.
fn summary(picture: &Picture, urls: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut example = None;
    for status in urls.iter().filter_map(|url| picture.deployments.get(url)?.status.as_ref()) {
        let suffix = status.suffix.as_deref().unwrap_or("coder");
        lines.push(format!(
            "Connected to {}: {} names under .{suffix}",
            status.url.trim_end_matches('/'),
            status.names
        ));
        let daemons = picture.deployments.get(&status.url).map(|of| of.daemons.as_slice()).unwrap_or_default();
        example = example.or_else(|| daemons.iter().find_map(|daemon| daemon.hostnames.first().cloned()));
    }
    let service = picture.service.as_ref();
    let has_names = !service.is_some_and(|service| service.health.iter().any(is_about_names));
    match example {
        Some(name) if has_names => lines.push(format!("Try `ssh {name}`.")),
        Some(name) => lines.push(format!("Run `homeport config-ssh --yes` once, then try `ssh {name}`.")),
        None => {}
    }
    lines
}

fn is_about_names(health: &Health) -> bool {
    matches!(health.code, HealthCode::NoNameService | HealthCode::ResolverFight)
}
