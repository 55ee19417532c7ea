//! `homeport reachable on`: finds a template of external workspaces, asks the person, makes the workspace, takes its token.

use client::Deployment;
use client::reachable::{Files, Registration};
use proto::id::TemplateId;
use proto::rest::build::{CreateBuild, Transition};
use proto::rest::workspace::CreateWorkspace;
use proto::secret::Secret;

use super::{host, load, process};
use crate::failure::failure;
use crate::follow;
use crate::global::Global;
use crate::terminal::{confirm, harmless, progress};

/// Longest name of a workspace on the wire.
const MAX_NAME: usize = 32;
/// Templates that are looked at.
const MAX_TEMPLATES: usize = 200;

/// Options of `reachable on`.
#[derive(clap::Args)]
pub struct Args {
    /// Name of the workspace; this computer's name without it.
    #[arg(long)]
    name: Option<String>,
    /// The template; the first one for external workspaces without it.
    #[arg(short, long)]
    template: Option<String>,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: Args, files: &Files, global: &Global) -> anyhow::Result<u8> {
    if let Some(before) = load(files)? {
        let what = format!("this computer is registered already, as {} at {}", before.name, host(&before));
        return Err(failure(what, "run `homeport reachable resume`, or `homeport reachable off` first"));
    }
    let deployment = global.deployment().await?;
    let place = client::error::origin(deployment.url());
    let me = deployment.user("me").await?;
    let template = template(&deployment, args.template.as_deref(), &place).await?;
    let name = args.name.unwrap_or_else(own_name);
    if !args.yes && !confirm(&question(&place, &harmless(&me.username), &name))? {
        return Err(failure("nothing was changed", "answer yes to make this computer reachable"));
    }
    let wanted = CreateWorkspace { template_id: Some(template), name: name.clone(), ..CreateWorkspace::default() };
    let workspace = deployment.create_workspace("me", &wanted).await?;
    let registered = register(&deployment, &workspace, files, &me.username, &place).await;
    let registration = match registered {
        Ok(registration) => registration,
        Err(error) => {
            // Half a registration helps nobody.
            let wanted = CreateBuild { transition: Transition::Delete, ..CreateBuild::default() };
            let _ = deployment.create_build(workspace.id, &wanted).await;
            let _ = files.forget();
            return Err(error);
        }
    };
    process::start(files, &registration)?;
    process::connected(files, &registration).await
}

/// What the person says yes to.
fn question(place: &str, user: &str, name: &str) -> String {
    let here = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    let here = here.map_or_else(|| "you".into(), |here| here.name);
    format!(
        "Make this computer reachable at {place} as {name}? Whoever is signed in there as {user} can then open shells here \
         as {here}, and reach the ports of this computer, until you pause or end it."
    )
}

/// A template whose workspaces have daemons elsewhere.
async fn template(deployment: &Deployment, wanted: Option<&str>, place: &str) -> anyhow::Result<TemplateId> {
    let templates = deployment.templates().await?;
    if let Some(wanted) = wanted {
        let found = templates.iter().find(|template| template.name == wanted).map(|template| template.id);
        return found
            .ok_or_else(|| failure(format!("there is no template `{wanted}` at {place}"), "look at its dashboard"));
    }
    for template in templates.iter().take(MAX_TEMPLATES) {
        let version = deployment.template_version(template.active_version_id).await?;
        if version.has_external_agent == Some(true) {
            return Ok(template.id);
        }
    }
    Err(failure(
        format!("{place} has no template for computers that bring themselves (external workspaces)"),
        "ask who runs it for one; Coder's own server needs a licence for that",
    ))
}

async fn register(
    deployment: &Deployment,
    workspace: &proto::rest::workspace::Workspace,
    files: &Files,
    owner: &str,
    place: &str,
) -> anyhow::Result<Registration> {
    let build = follow::to_end(deployment, &workspace.latest_build).await?;
    let agent = build.resources.iter().flat_map(|resource| &resource.agents).next();
    let agent = agent.ok_or_else(|| failure("the template makes no workspace daemon", "choose another template"))?;
    let given = deployment.external_credentials(workspace.id, &agent.name).await.map_err(|error| {
        let what = format!("{place} gives no token for this computer");
        anyhow::Error::new(error)
            .context(failure(what, "ask who runs it whether external workspaces are allowed there"))
    })?;
    let registration = Registration {
        url: deployment.url().to_string(),
        workspace: workspace.id,
        name: workspace.name.clone(),
        owner: owner.to_owned(),
        daemon: agent.name.clone(),
        is_paused: false,
    };
    files.save_token(&Secret::new(given.agent_token))?;
    files.save(&registration)?;
    progress("The token is kept on this computer, in a file that only you can read.");
    Ok(registration)
}

/// This computer's name as a workspace may be called.
fn own_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    as_name(name.split('.').next().unwrap_or_default())
}

/// Letters, digits and single dashes between them, at most [`MAX_NAME`].
fn as_name(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("-").chars().take(MAX_NAME).collect();
    match name.trim_end_matches('-') {
        "" => "computer".into(),
        name => name.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests;
