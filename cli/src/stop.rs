//! `homeport stop`: stops a workspace.

use proto::rest::build::{BuildReason, Transition, WorkspaceStatus};

use crate::global::Global;
use crate::target::Target;
use crate::terminal::print;
use crate::{build, reach};

/// Options of `stop`.
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
    if workspace.latest_build.status == WorkspaceStatus::Stopped {
        print(&format!("{target} is stopped already."));
        return Ok(0);
    }
    build::run(&deployment, &workspace, Transition::Stop, Some(BuildReason::Cli), &args.build).await?;
    Ok(0)
}
