//! `homeport-tunnel`: reads the flags, opens the socket, serves until it is told to end. Everything it may do is decided
//! by whoever starts it (a systemd unit); no caller of its socket can name a path, a program or a file.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use tunnel::ipc::Listener;
use tunnel::machine::System;
use tunnel::network::{Network, Settings};
use tunnel::service::{self, Watchdog};

/// The device's name.
const DEVICE: &str = "homeport0";

/// Makes `.coder` names reachable for every program of this machine. Needs CAP_NET_ADMIN.
#[derive(Parser)]
#[command(name = "homeport-tunnel", version)]
struct Flags {
    /// Where the owner's programs reach the service.
    #[arg(long, default_value = proto::ipc::SOCKET)]
    socket: PathBuf,
    /// Where it notes what it changed, so that the next start can undo it after a crash.
    #[arg(long, default_value = "/var/lib/homeport-tunnel", env = "STATE_DIRECTORY")]
    state_dir: PathBuf,
    /// Members of this group (a name or a number) may use the tunnel, besides root and who sits at this machine.
    #[arg(long)]
    group: Option<String>,
    /// Change /etc/resolv.conf when the system has no resolver that can be asked to send us our names.
    #[arg(long)]
    resolv_conf: bool,
    /// D-Bus address instead of the system bus.
    #[arg(long, hide = true)]
    bus: Option<String>,
    /// What to log, for example `info` or `tunnel=debug`.
    #[arg(long, default_value = "info", env = "HOMEPORT_LOG")]
    log: String,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let ended = start_log(&flags.log).and_then(|()| run(flags));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    let levels: Targets = filter.parse().context("--log is no filter such as `info` or `tunnel=debug`")?;
    let to_stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(levels).with(to_stderr).init();
    Ok(())
}

fn run(flags: Flags) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(flags))
}

async fn serve(flags: Flags) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let group = flags.group.as_deref().map(number_of).transpose()?;
    let (sitting, seats) = tokio::sync::watch::channel(std::collections::BTreeSet::new());
    tokio::spawn(tunnel::os::follow_seats(flags.bus.clone(), sitting));
    let settings = Settings {
        device: DEVICE.to_owned(),
        state_dir: flags.state_dir,
        resolv_conf: flags.resolv_conf,
        bus: flags.bus,
    };
    // The socket first: it is what keeps a second service from undoing the work of the first.
    let listener = Listener::bind(&flags.socket, group)?;
    let network = Network::recover(settings).await?;
    tell_supervisor(&[sd_notify::NotifyState::Ready]);
    let stop = async {
        tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
        tell_supervisor(&[sd_notify::NotifyState::Stopping]);
    };
    service::run(System(network), listener, group, seats, watchdog(), stop).await
}

/// The group's number.
fn number_of(group: &str) -> anyhow::Result<u32> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    let found = nix::unistd::Group::from_name(group).with_context(|| format!("cannot look up the group `{group}`"))?;
    let found =
        found.with_context(|| format!("there is no group `{group}`; make it with `groupadd --system {group}`"))?;
    Ok(found.gid.as_raw())
}

/// Half of the time in which systemd wants to hear from us, as it recommends.
fn watchdog() -> Option<Watchdog> {
    let limit = sd_notify::watchdog_enabled()?;
    let period = (limit / 2).max(Duration::from_millis(100));
    Some(Watchdog { period, alive: || tell_supervisor(&[sd_notify::NotifyState::Watchdog]) })
}

fn tell_supervisor(state: &[sd_notify::NotifyState<'_>]) {
    // Without systemd there is nobody to tell.
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the supervisor could not be told");
    }
}
