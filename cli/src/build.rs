//! Asks for a build of a workspace and follows it: what `start`, `stop`, `restart` and `delete` share.

use client::{ClientError, Deployment};
use proto::rest::build::{Build, BuildParameter, BuildReason, CreateBuild, Transition};
use proto::rest::workspace::Workspace;

use crate::failure::failure;
use crate::global::Global;
use crate::target::Target;
use crate::terminal::{harmless, print, progress};
use crate::{follow, reach};

/// Options of `start`, `stop` and `restart`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name`.
    workspace: String,
    #[command(flatten)]
    pub options: Options,
}

/// The workspace that was named, where it is.
pub struct Named {
    pub target: Target,
    pub deployment: Deployment,
    pub workspace: Workspace,
}

impl Args {
    /// Finds the workspace; what is wrong with the words is said before anybody is asked.
    pub async fn find(&self, global: &Global) -> anyhow::Result<Named> {
        let target = Target::parse(&self.workspace)?;
        parameters(&self.options.parameters)?;
        let deployment = global.deployment().await?;
        let workspace = reach::workspace(&deployment, &target).await?;
        Ok(Named { target, deployment, workspace })
    }
}

/// Options of the commands that build.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
    /// Do not wait for the end of the build.
    #[arg(long)]
    pub no_wait: bool,
    /// A parameter of the template, as `name=value`; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
}

/// Requests a build and, unless told otherwise, follows it to its end.
pub async fn run(
    deployment: &Deployment,
    workspace: &Workspace,
    transition: Transition,
    reason: Option<BuildReason>,
    options: &Options,
) -> anyhow::Result<()> {
    let wanted = CreateBuild {
        transition,
        reason,
        rich_parameter_values: parameters(&options.parameters)?,
        ..CreateBuild::default()
    };
    let build = request(deployment, workspace, &wanted).await?;
    let name = harmless(&workspace.name);
    if options.no_wait {
        print(&format!("The {transition} of {name} is queued."));
        return Ok(());
    }
    follow::to_end(deployment, &build).await?;
    let done = match transition {
        Transition::Start => "is started",
        Transition::Stop => "is stopped",
        _ => "is deleted",
    };
    print(&format!("{name} {done}."));
    Ok(())
}

/// Requests a build; a build that is on its way already is waited for first.
pub async fn request(deployment: &Deployment, workspace: &Workspace, wanted: &CreateBuild) -> anyhow::Result<Build> {
    match deployment.create_build(workspace.id, wanted).await {
        Err(ClientError::Refused(refusal)) if refusal.status == 409 => {
            let now = deployment.workspace(workspace.id).await?;
            if now.latest_build.job.status.is_final() {
                return Err(ClientError::Refused(refusal).into());
            }
            progress("Another build of this workspace is running; waiting for it.");
            // Its failure is not ours.
            let _ = follow::to_end(deployment, &now.latest_build).await;
            Ok(deployment.create_build(workspace.id, wanted).await?)
        }
        other => Ok(other?),
    }
}

/// Reads `name=value` words.
pub fn parameters(words: &[String]) -> anyhow::Result<Vec<BuildParameter>> {
    words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(BuildParameter { name: name.into(), value: value.into() }),
            _ => Err(failure(format!("`{word}` is not a parameter"), "write it as name=value")),
        })
        .collect()
}
