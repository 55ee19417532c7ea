//! `homeport support bundle`: asks everybody, each with a limit, masks all that was said, and packs it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use client::Deployment;
use client::error::with_causes;
use client::sessions::file;
use time::OffsetDateTime;
use time::macros::format_description;

use super::archive::{self, Part};
use super::masker::Masker;
use super::summary::{self, Facts};
use super::{daemons, logs, machine};
use crate::connect::{accounts, modes, status};
use crate::failure::failure;
use crate::global::{Global, variable};
use crate::terminal::{print, progress};
use crate::{diagnose, netcheck};

/// What a deployment may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// Deployments whose network is measured: each takes some seconds.
const MEASURED: usize = 3;

/// Options of `support bundle`.
#[derive(clap::Args)]
pub struct Args {
    /// Where to write it; a file of this folder with the time in its name without it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let now = OffsetDateTime::now_utc();
    let name = now.format(format_description!("homeport-support-[year][month][day]-[hour][minute][second]"))?;
    let path = args.output.unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));
    // Said before everything is asked, and once more by the file system when it is written.
    if path.symlink_metadata().is_ok() {
        return Err(taken(&path));
    }
    progress("Asking everything that runs; this takes some seconds.");
    let mut masker = known(global).await;
    let parts = collect(global, &mut masker, now).await?;
    let parts = masked(&mut masker, parts);
    let written = archive::write(&path, &name, &parts, now.unix_timestamp().try_into().unwrap_or(0));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(&path),
        _ => failure(format!("{} cannot be written: {error}", path.display()), "choose another place with `--output`"),
    })?;
    let shown = std::path::absolute(&path).unwrap_or(path);
    print(&shown.display().to_string());
    progress("Read it before you give it away: summary.txt is on top.");
    Ok(0)
}

fn taken(path: &Path) -> anyhow::Error {
    failure(format!("{} is there already", path.display()), "choose another name with `--output`")
}

/// All parts without what is private. Nothing goes into an archive around this.
fn masked(masker: &mut Masker, parts: Vec<Part>) -> Vec<Part> {
    parts.into_iter().map(|part| Part { name: masker.mask(&part.name), text: masker.mask(&part.text) }).collect()
}

/// Secrets and names that this computer knows.
async fn known(global: &Global) -> Masker {
    let mut masker = Masker::default();
    let (host, user, home) = machine::names();
    for folder in home.into_iter().chain(variable("HOME").map(PathBuf::from)) {
        masker.home(&folder.to_string_lossy());
    }
    for name in [user, variable("USER"), variable("LOGNAME")].into_iter().flatten() {
        masker.name(&name, "<user>");
    }
    let host = host.unwrap_or_default();
    masker.name(&host, "<this computer>");
    masker.name(host.split('.').next().unwrap_or_default(), "<this computer>");
    let stored = match global.store() {
        Ok(store) => store.all().await.sessions,
        Err(_) => Vec::new(),
    };
    for session in stored.iter().chain(global.local_session().iter()) {
        masker.secret(session.token.expose());
    }
    for secret in ["CODER_SESSION_TOKEN", "CODER_AGENT_TOKEN"].into_iter().filter_map(variable) {
        masker.secret(&secret);
    }
    masker
}

async fn collect(global: &Global, masker: &mut Masker, now: OffsetDateTime) -> anyhow::Result<Vec<Part>> {
    let (found, errors) = modes::look().await;
    let mut facts = Facts {
        time: now.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))?,
        versions: machine::versions().await,
        machine: machine::describe(),
        running: machine::running(),
        programs: machine::programs(),
        diagnosis: diagnose::lines(&diagnose::steps(None).await, false),
        ..Facts::default()
    };
    for (mode, picture) in &found {
        facts.tunnel.push(status::text(*mode, picture)?);
        for health in picture.health() {
            facts.health.push((health.code.title().to_owned(), health.code.next_step().to_owned()));
        }
    }
    if found.is_empty() {
        facts.tunnel.push("off".into());
    }
    facts.tunnel.extend(errors.iter().map(|error| format!("cannot be spoken with: {error}")));
    // No session at all is no failure here: then there is nothing to ask.
    let wanted = accounts::wanted(global).await.unwrap_or_default();
    for (number, wanted) in wanted.into_iter().enumerate() {
        let Ok(url) = url::Url::parse(&wanted.url) else { continue };
        masker.secret(wanted.token.expose());
        let Ok(deployment) = Deployment::new(url.clone(), wanted.token) else { continue };
        let mut about = summary::Deployment {
            host: client::error::origin(&url),
            is_local: wanted.is_local,
            ..summary::Deployment::default()
        };
        let asked = tokio::time::timeout(ANSWER, ask(&deployment, masker)).await;
        let answers = matches!(asked, Ok(Ok(_)));
        about.lines = match asked {
            Ok(Ok(lines)) => lines,
            Ok(Err(error)) => vec![format!("cannot be asked: {}", with_causes(&error))],
            Err(_) => vec![format!("did not answer within {} s", ANSWER.as_secs())],
        };
        if answers && number < MEASURED {
            about.network = match netcheck::look(&deployment, global.disable_direct_connections).await {
                Ok(report) => netcheck::text(&report).lines().map(str::to_owned).collect(),
                Err(error) => vec![format!("cannot be measured: {error}")],
            };
        }
        facts.deployments.push(about);
    }
    let (mut parts, left_out) = files(global, masker).await;
    facts.parts = parts.iter().map(|part| format!("{} ({} bytes)", part.name, part.text.len())).collect();
    if left_out > 0 {
        facts.parts.push(format!("{left_out} older logs of workspace daemons were left out"));
    }
    parts.insert(0, Part { name: "summary.txt".into(), text: summary::text(&facts) });
    Ok(parts)
}

/// Who it is and what is there, in some lines; the names of people go to the masker.
async fn ask(deployment: &Deployment, masker: &mut Masker) -> Result<Vec<String>, client::ClientError> {
    let build = deployment.build_info().await?;
    let me = deployment.user("me").await?;
    masker.name(&me.username, "<user>");
    masker.name(&me.name, "<user>");
    masker.name(&me.email, "<user>");
    let workspaces = deployment.workspaces("owner:me").await?;
    let mut lines = vec![format!("version {}", build.version), format!("{} workspaces of ours", workspaces.len())];
    for workspace in workspaces.iter().take(50) {
        let build = &workspace.latest_build;
        let agents = build.resources.iter().flat_map(|resource| &resource.agents);
        let daemons: Vec<String> =
            agents.map(|agent| format!("{} {:?}", agent.name, agent.status).to_lowercase()).collect();
        let reason = if build.job.error.is_empty() { String::new() } else { format!(", {}", build.job.error) };
        let daemons = if daemons.is_empty() { String::new() } else { format!(", daemon {}", daemons.join(", ")) };
        let (name, id) = (&workspace.name, workspace.id);
        lines.push(format!("{name}: {}{daemons}{reason}, workspace {id}", build.status.as_str()));
    }
    Ok(lines)
}

/// Logs and settings, and how many logs were left out; the tokens of daemons go to the masker.
async fn files(global: &Global, masker: &mut Masker) -> (Vec<Part>, usize) {
    let set = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
    let mut parts = Vec::new();
    if let Some(state) = state {
        parts.extend(logs::in_folder(&state.join("homeport"), "logs"));
    }
    let hosted = global.server_folder().as_deref().map(daemons::of_server).unwrap_or_default();
    for token in hosted.iter().filter_map(daemons::Hosted::token) {
        masker.secret(&token);
    }
    let (of_daemons, left_out) = daemons::parts(&hosted);
    parts.extend(of_daemons);
    parts.push(logs::journal().await);
    if let Ok(folder) = global.folder()
        && let Ok(Some(text)) = file::read_short(&folder.join("desktop.json"))
    {
        parts.push(Part { name: "settings/desktop.json".into(), text });
    }
    (parts, left_out)
}

#[cfg(test)]
mod tests;
