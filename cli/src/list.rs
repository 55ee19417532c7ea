//! `homeport list`: the workspaces.

use proto::rest::workspace::Workspace;
use time::OffsetDateTime;

use crate::global::Global;
use crate::table::{Column, Output, moment, print_json, render, span};
use crate::terminal::{print, progress};

/// Options of `list`.
#[derive(clap::Args)]
pub struct Args {
    /// Those of everybody.
    #[arg(short, long)]
    all: bool,
    /// A search, as the dashboard takes it.
    #[arg(long, default_value = "owner:me", value_name = "WORDS")]
    search: String,
    /// Columns, separated by commas.
    #[arg(short, long, value_name = "NAMES")]
    column: Vec<String>,
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

const COLUMNS: &[Column<Workspace>] = &[
    Column { name: "workspace", cell: |w| format!("{}/{}", w.owner_name, w.name) },
    Column { name: "name", cell: |w| w.name.clone() },
    Column { name: "owner", cell: |w| w.owner_name.clone() },
    Column { name: "id", cell: |w| w.id.to_string() },
    Column { name: "organization name", cell: |w| w.organization_name.clone() },
    Column { name: "template", cell: |w| w.template_name.clone() },
    Column { name: "status", cell: |w| capital(w.latest_build.status.as_str()) },
    Column { name: "healthy", cell: |w| w.health.healthy.to_string() },
    Column { name: "last built", cell: |w| moment(w.latest_build.created_at.0, OffsetDateTime::now_utc()) },
    Column { name: "last used", cell: |w| moment(w.last_used_at.0, OffsetDateTime::now_utc()) },
    Column { name: "current version", cell: |w| w.latest_build.template_version_name.clone() },
    Column { name: "outdated", cell: |w| w.outdated.to_string() },
    Column { name: "starts at", cell: |w| w.autostart_schedule.clone().unwrap_or_default() },
    Column { name: "stops after", cell: |w| w.ttl_ms.map(|ms| span(ms / 1000)).unwrap_or_default() },
    Column { name: "favorite", cell: |w| w.favorite.to_string() },
    Column { name: "created at", cell: |w| w.created_at.to_string() },
];
const DEFAULT: &[&str] =
    &["workspace", "template", "status", "healthy", "last built", "current version", "outdated", "stops after"];

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let deployment = global.deployment().await?;
    let search = if args.all && args.search == "owner:me" { "" } else { args.search.as_str() };
    let workspaces = deployment.workspaces(search).await?;
    match args.output {
        Output::Json => print_json(&workspaces)?,
        Output::Table => {
            let table = render(&workspaces, COLUMNS, &args.column, DEFAULT)?;
            if workspaces.is_empty() {
                progress("There is no workspace; `homeport create <name>` makes one.");
            } else {
                print(&table);
            }
        }
    }
    Ok(0)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
