//! `homeport stop`: stops a workspace.

use proto::rest::build::{BuildReason, Transition, WorkspaceStatus};

use crate::build::{self, Args};
use crate::global::Global;
use crate::terminal::print;

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let build::Named { target, deployment, workspace } = args.find(global).await?;
    if workspace.latest_build.status == WorkspaceStatus::Stopped {
        print(&format!("{target} is stopped already."));
        return Ok(0);
    }
    build::run(&deployment, &workspace, Transition::Stop, Some(BuildReason::Cli), &args.options).await?;
    Ok(0)
}
