//! `homeport reachable`: this computer as a workspace of a deployment elsewhere, after a yes; paused, resumed, revoked.

mod process;
mod registering;
mod shown;

use client::reachable::{Files, Registration};
use proto::rest::build::{CreateBuild, Transition};

use crate::failure::failure;
use crate::follow;
use crate::global::{Global, variable};
use crate::table::Output;
use crate::terminal::{harmless, print, progress};

/// Options of `reachable`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make this computer a workspace of the deployment: who is signed in there as you can open shells here.
    On(registering::Args),
    /// End that for good: the daemon ends, the workspace is deleted, its token is void.
    Off,
    /// End every connection and take none until `resume`.
    Pause,
    /// Take connections again.
    Resume,
    /// Start the daemon where it should run and does not.
    #[command(hide = true)]
    Start,
    /// Say where this computer is reachable and who is connected; exit code 1 when it is not.
    Status {
        /// How to print it.
        #[arg(short, long, default_value = "table")]
        output: Output,
    },
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let files = files()?;
    match args.action {
        Action::On(args) => registering::run(args, &files, global).await,
        Action::Off => off(&files, global).await,
        Action::Pause => pause(&files).await,
        Action::Resume => {
            let registration = Registration { is_paused: false, ..registered(&files)? };
            files.save(&registration)?;
            start(&files, &registration, global).await
        }
        Action::Start => match registered(&files)? {
            registration if registration.is_paused => Ok(0),
            registration => start(&files, &registration, global).await,
        },
        Action::Status { output } => shown::run(&files, output).await,
    }
}

fn files() -> anyhow::Result<Files> {
    Files::of(variable).ok_or_else(|| failure("there is no home folder", "set HOME"))
}

fn registered(files: &Files) -> anyhow::Result<Registration> {
    load(files)?.ok_or_else(|| failure("this computer is reachable nowhere", "run `homeport reachable on`"))
}

fn load(files: &Files) -> anyhow::Result<Option<Registration>> {
    files.load().map_err(|error| {
        let what = format!("{} cannot be read: {error}", files.folder().display());
        failure(what, "remove that folder, and the workspace on the deployment's dashboard")
    })
}

/// The host that people know.
fn host(registration: &Registration) -> String {
    url::Url::parse(&registration.url).map_or_else(|_| harmless(&registration.url), |url| client::error::origin(&url))
}

/// The same deployment that was registered at, whatever else was asked for.
fn there(registration: &Registration, global: &Global) -> Global {
    Global { url: Some(registration.url.clone()), ..global.clone() }
}

/// Runs the daemon, with a newer token where the deployment gives one: a build since then made the old one void.
async fn start(files: &Files, registration: &Registration, global: &Global) -> anyhow::Result<u8> {
    if files.is_running() {
        print(&format!("This computer is reachable as {} at {}.", registration.name, host(registration)));
        return Ok(0);
    }
    if let Ok(deployment) = there(registration, global).deployment().await {
        match deployment.external_credentials(registration.workspace, &registration.daemon).await {
            Ok(given) => files.save_token(&proto::secret::Secret::new(given.agent_token))?,
            Err(error) if error.status().is_some_and(|status| status == 404 || status == 410) => {
                files.forget()?;
                return Err(failure(
                    format!(
                        "the workspace {} at {} is gone: it was revoked there",
                        registration.name,
                        host(registration)
                    ),
                    "run `homeport reachable on` to make a new one",
                ));
            }
            // The daemon waits for its server by itself.
            Err(error) => progress(&format!("The token is the one from before: {error}")),
        }
    }
    process::start(files, registration)?;
    process::connected(files, registration).await
}

async fn pause(files: &Files) -> anyhow::Result<u8> {
    let registration = Registration { is_paused: true, ..registered(files)? };
    // First, so that nobody starts the daemon again meanwhile.
    files.save(&registration)?;
    process::end(files).await?;
    print(&format!("{} is paused: nobody is connected, nobody can.", registration.name));
    Ok(0)
}

async fn off(files: &Files, global: &Global) -> anyhow::Result<u8> {
    let registration = registered(files)?;
    files.save(&Registration { is_paused: true, ..registration.clone() })?;
    process::end(files).await?;
    let deleted = delete(&registration, global).await;
    // Here it is over in any case.
    files.forget()?;
    let (name, host) = (&registration.name, host(&registration));
    match deleted {
        Ok(()) => {
            print(&format!("{name} at {host} is deleted, and its token void."));
            Ok(0)
        }
        Err(error) => Err(error.context(failure(
            format!("nothing runs here any more, but the workspace {name} at {host} is still there"),
            "delete it on the dashboard: until then its token is good, though nobody has it",
        ))),
    }
}

async fn delete(registration: &Registration, global: &Global) -> anyhow::Result<()> {
    let deployment = there(registration, global).deployment().await?;
    let wanted = CreateBuild { transition: Transition::Delete, ..CreateBuild::default() };
    let gone = |error: &client::ClientError| error.is_not_found() || error.status() == Some(410);
    let queued = match deployment.create_build(registration.workspace, &wanted).await {
        Err(error) if gone(&error) => return Ok(()),
        other => other?,
    };
    match follow::to_end(&deployment, &queued).await {
        // A deployment may forget a deleted workspace's build before we look at its end.
        Err(error) if error.downcast_ref::<client::ClientError>().is_some_and(gone) => Ok(()),
        other => other.map(|_| ()),
    }
}
