//! `homeport show`: one workspace with its resources and daemons.

use proto::rest::agent::Agent;
use proto::rest::build::WorkspaceStatus;
use proto::rest::resource::Resource;

use crate::global::Global;
use crate::reach;
use crate::table::{Column, Output, print_json, render};
use crate::target::Target;
use crate::terminal::{harmless, print};

/// Options of `show`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name`.
    workspace: String,
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

struct Row {
    resource: String,
    agent: Option<Agent>,
}

const COLUMNS: &[Column<Row>] = &[
    Column { name: "resource", cell: |row| row.resource.clone() },
    Column { name: "daemon", cell: |row| about(row, |agent| agent.name.clone()) },
    Column { name: "status", cell: |row| about(row, |agent| agent.status.to_string()) },
    Column { name: "state", cell: |row| about(row, |agent| agent.lifecycle_state.to_string()) },
    Column { name: "health", cell: |row| about(row, health) },
    Column { name: "version", cell: |row| about(row, |agent| agent.version.clone()) },
];
const DEFAULT: &[&str] = &["resource", "daemon", "status", "state", "health", "version"];

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse(&args.workspace)?;
    let deployment = global.deployment().await?;
    let workspace = reach::workspace(&deployment, &target).await?;
    if args.output == Output::Json {
        print_json(&workspace)?;
        return Ok(0);
    }
    let build = &workspace.latest_build;
    print(&harmless(&format!(
        "{}/{}  {}  (template {}, build {})",
        workspace.owner_name, workspace.name, build.status, workspace.template_name, build.build_number
    )));
    if !build.job.error.is_empty() {
        print(&harmless(&format!("The last build failed: {}", build.job.error)));
    }
    let rows: Vec<Row> = build.resources.iter().filter(|resource| !resource.hide).flat_map(rows_of).collect();
    if !rows.is_empty() {
        print(&render(&rows, COLUMNS, &[], DEFAULT)?);
    }
    if let Some(step) = next_step(build.status) {
        print(&format!("{step} {target}"));
    }
    Ok(0)
}

/// What a person would do with a workspace in this state.
fn next_step(status: WorkspaceStatus) -> Option<&'static str> {
    match status {
        WorkspaceStatus::Running => Some("Connect with: homeport ssh"),
        WorkspaceStatus::Stopped => Some("Start it with: homeport start"),
        WorkspaceStatus::Failed | WorkspaceStatus::Canceled => Some("Try again with: homeport restart"),
        _ => None,
    }
}

/// One row for each daemon of a resource, or one for a resource without.
fn rows_of(resource: &Resource) -> Vec<Row> {
    let name = format!("{}.{}", resource.kind, resource.name);
    if resource.agents.is_empty() {
        return vec![Row { resource: name, agent: None }];
    }
    let row = |agent: &Agent| Row { resource: name.clone(), agent: Some(agent.clone()) };
    resource.agents.iter().map(row).collect()
}

fn about(row: &Row, what: fn(&Agent) -> String) -> String {
    row.agent.as_ref().map(what).unwrap_or_default()
}

fn health(agent: &Agent) -> String {
    if agent.health.healthy { "healthy".into() } else { agent.health.reason.clone() }
}

#[cfg(test)]
mod tests;
