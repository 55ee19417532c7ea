//! `homeport whoami`: who we are and where.

use serde::Serialize;

use crate::global::Global;
use crate::table::{Output, print_json};
use crate::terminal::{harmless, print};

/// Options of `whoami`.
#[derive(clap::Args)]
pub struct Args {
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

#[derive(Serialize)]
struct Identity {
    url: String,
    username: String,
    id: String,
    roles: Vec<String>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let deployment = global.deployment().await?;
    let me = deployment.user("me").await?;
    let url = client::error::origin(deployment.url());
    match args.output {
        Output::Table => print(&format!("{} at {url}", harmless(&me.username))),
        Output::Json => print_json(&[Identity {
            url,
            username: me.username,
            id: me.id.to_string(),
            roles: me.roles.into_iter().map(|role| role.name).collect(),
        }])?,
    }
    Ok(0)
}
