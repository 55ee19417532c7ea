//! `homeport restart`: stops a workspace and starts it again.

use proto::rest::build::{BuildReason, Transition, WorkspaceStatus};

use crate::build::{self, Args};
use crate::global::Global;

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let build::Named { deployment, workspace, .. } = args.find(global).await?;
    let reason = Some(BuildReason::Cli);
    if workspace.latest_build.status != WorkspaceStatus::Stopped {
        // The start needs the end of the stop, whatever `--no-wait` says.
        let wait = build::Options::default();
        build::run(&deployment, &workspace, Transition::Stop, reason, &wait).await?;
    }
    build::run(&deployment, &workspace, Transition::Start, reason, &args.options).await?;
    Ok(0)
}
