//! `homeport accounts`: the deployments that there is a session at, and which one is meant where none is named.

use client::error::origin;
use client::sessions::{Known, Place};
use serde::Serialize;

use crate::failure::failure;
use crate::global::{Global, parse_url};
use crate::table::{Column, Output, print_json, render};
use crate::terminal::{print, progress};

/// Options of `accounts`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a deployment the one that is meant where none is named.
    Use {
        /// Which deployment.
        #[arg(value_name = "URL")]
        address: String,
    },
}

#[derive(Serialize)]
struct Row {
    url: String,
    is_current: bool,
    token: &'static str,
}

const COLUMNS: &[Column<Row>] = &[
    Column { name: "current", cell: |row| if row.is_current { "*".into() } else { String::new() } },
    Column { name: "url", cell: |row| row.url.clone() },
    Column { name: "token", cell: |row| row.token.to_owned() },
];

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let store = global.store()?;
    if let Some(Action::Use { address }) = args.action {
        let url = parse_url(&address)?;
        if !store.select(&url)? {
            let url = origin(&url);
            return Err(failure(format!("you are not logged in at {url}"), format!("run `homeport login {url}`")));
        }
        print(&format!("{} is the current deployment.", origin(&url)));
        return Ok(0);
    }
    let known = store.known()?;
    let has_current = known.iter().any(|known| known.is_current);
    let mut rows: Vec<Row> = known.into_iter().map(row).collect();
    if let Some(local) = global.local_session() {
        let url = origin(&local.url);
        if rows.iter().all(|row| row.url != url) {
            rows.push(Row { url, is_current: !has_current, token: "this computer's server" });
        }
    }
    match args.output {
        Output::Json => print_json(&rows)?,
        Output::Table if rows.is_empty() => progress("There is no session; `homeport login <url>` opens one."),
        Output::Table => print(&render(&rows, COLUMNS, &[], &["current", "url", "token"])?),
    }
    Ok(0)
}

fn row(known: Known) -> Row {
    let token = match known.kept {
        Place::Keyring => "keyring",
        Place::File => "file",
    };
    Row { url: origin(&known.url), is_current: known.is_current, token }
}
