//! `homeport support`: what somebody who helps needs to see, and nothing that they must not.

mod archive;
mod bundle;
mod daemons;
mod logs;
mod machine;
mod masker;
mod summary;

use crate::global::Global;

/// Options of `support`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Pack a summary, logs and settings into one archive, with every secret and name of yours masked.
    Bundle(bundle::Args),
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    match args.action {
        Action::Bundle(args) => Box::pin(bundle::run(args, global)).await,
    }
}
