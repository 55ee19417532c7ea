//! `homeport delete`: deletes a workspace and everything in it.

use proto::rest::build::{CreateBuild, Transition};

use crate::build;
use crate::failure::failure;
use crate::follow;
use crate::global::Global;
use crate::reach;
use crate::target::Target;
use crate::terminal::{confirm, print};

/// Options of `delete`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name`.
    workspace: String,
    /// Delete the record only and leave the resources behind.
    #[arg(long)]
    orphan: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse(&args.workspace)?;
    let deployment = global.deployment().await?;
    let workspace = reach::workspace(&deployment, &target).await?;
    if !args.yes && !confirm(&format!("Delete {target} and everything in it?"))? {
        return Err(failure("nothing was deleted", "answer yes to delete"));
    }
    let wanted = CreateBuild { transition: Transition::Delete, orphan: args.orphan, ..CreateBuild::default() };
    let queued = build::request(&deployment, &workspace, &wanted).await?;
    match follow::to_end(&deployment, &queued).await {
        Ok(_) => {}
        // A deployment may forget a deleted workspace's build before we look at its end.
        Err(error) if error.downcast_ref::<client::ClientError>().is_some_and(|error| error.is_not_found()) => {}
        Err(error) => return Err(error),
    }
    print(&format!("{target} is deleted."));
    Ok(0)
}
