//! `homeport restart`: stops a workspace and starts it again.

use proto::rest::build::{BuildReason, Transition, WorkspaceStatus};

use crate::global::Global;
use crate::target::Target;
use crate::{build, reach};

/// Options of `restart`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name`.
    workspace: String,
    #[command(flatten)]
    build: build::Options,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse(&args.workspace)?;
    let deployment = global.deployment().await?;
    let workspace = reach::workspace(&deployment, &target).await?;
    let reason = Some(BuildReason::Cli);
    if workspace.latest_build.status != WorkspaceStatus::Stopped {
        // The start needs the end of the stop, whatever `--no-wait` says.
        let wait = build::Options::default();
        build::run(&deployment, &workspace, Transition::Stop, reason, &wait).await?;
    }
    build::run(&deployment, &workspace, Transition::Start, reason, &args.build).await?;
    Ok(0)
}
