//! `homeport connect`: the tunnel of this computer, switched on and off, shown, and asked for a name.

pub mod accounts;
pub mod exists;
pub mod modes;
pub mod start;
pub mod status;
mod stop;
mod userspace;

use crate::global::Global;

/// Options of `connect`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make workspaces reachable by their names for every program of this computer.
    Start(start::Args),
    /// End that.
    Stop,
    /// Show what is on and how each workspace is reached; exit code 1 when nothing is.
    Status(status::Args),
    /// Exit code 0 when the tunnel resolves this host, 1 otherwise; prints nothing.
    Exists {
        /// The host name.
        host: String,
    },
}

impl Args {
    /// The host of `connect exists`, which is answered without a runtime: OpenSSH asks it for every connection.
    pub fn asked_host(&self) -> Option<&str> {
        match &self.action {
            Action::Exists { host } => Some(host),
            _ => None,
        }
    }

    /// Whether it will carry bytes of a mesh itself.
    pub fn may_carry(&self) -> bool {
        matches!(self.action, Action::Start(_))
    }
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    match args.action {
        Action::Start(args) => start::run(args, global).await,
        Action::Stop => stop::run().await,
        Action::Status(args) => status::run(args).await,
        Action::Exists { host } => Ok(if exists::exists(&host) { 0 } else { 1 }),
    }
}
