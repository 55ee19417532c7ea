//! `homeport tokens`: long-lived tokens for programs.

use proto::rest::key::{ApiKey, CreateToken, KeyScope};
use time::OffsetDateTime;

use crate::failure::failure;
use crate::global::Global;
use crate::table::{Column, Output, moment, print_json, render};
use crate::terminal::{print, progress};

/// Options of `tokens`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a token; it is shown once.
    Create {
        /// A name to find it by.
        #[arg(short, long, default_value = "")]
        name: String,
        /// How long it works: 30m, 12h, 7d.
        #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "30d")]
        lifetime: i64,
        /// `all`, or `application_connect` for apps only.
        #[arg(long, default_value = "all")]
        scope: String,
    },
    /// List the tokens.
    #[command(visible_alias = "ls")]
    List {
        /// Those of everybody.
        #[arg(short, long)]
        all: bool,
        /// Columns, separated by commas.
        #[arg(short, long, value_name = "NAMES")]
        column: Vec<String>,
        /// How to print it.
        #[arg(short, long, default_value = "table")]
        output: Output,
    },
    /// Remove a token, by its name or id; it stops working at once.
    #[command(visible_aliases = ["delete", "rm"])]
    Remove {
        /// Name or id.
        #[arg(value_name = "TOKEN")]
        wanted: String,
    },
}

const COLUMNS: &[Column<ApiKey>] = &[
    Column { name: "id", cell: |key| key.id.clone() },
    Column { name: "name", cell: |key| key.token_name.clone() },
    Column { name: "last used", cell: |key| last_used(key) },
    Column { name: "expires at", cell: |key| moment(key.expires_at.0, OffsetDateTime::now_utc()) },
    Column { name: "created at", cell: |key| moment(key.created_at.0, OffsetDateTime::now_utc()) },
    Column { name: "scope", cell: |key| key.scope.to_string() },
    Column { name: "owner", cell: |key| key.username.clone() },
];
const DEFAULT: &[&str] = &["id", "name", "last used", "expires at", "created at"];

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let deployment = global.deployment().await?;
    match args.action {
        Action::Create { name, lifetime, scope } => {
            let scope = match KeyScope::from_word(&scope) {
                KeyScope::Unknown => {
                    return Err(failure(format!("there is no scope `{scope}`"), "choose all or application_connect"));
                }
                scope => scope,
            };
            let token = deployment.create_token(&CreateToken { lifetime, scope, token_name: name }).await?;
            progress("Keep it: it is shown only now.");
            print(token.expose());
        }
        Action::List { all, column, output } => {
            let tokens = deployment.tokens(all).await?;
            match output {
                Output::Json => print_json(&tokens)?,
                Output::Table if tokens.is_empty() => {
                    progress("There is no token; `homeport tokens create` makes one.");
                }
                Output::Table => print(&render(&tokens, COLUMNS, &column, DEFAULT)?),
            }
        }
        Action::Remove { wanted } => {
            let tokens = deployment.tokens(false).await?;
            let found = tokens.iter().find(|key| key.id == wanted || key.token_name == wanted);
            let Some(found) = found else {
                return Err(failure(format!("there is no token `{wanted}`"), "`homeport tokens list` shows them"));
            };
            deployment.delete_key(&found.id).await?;
            print(&format!("The token {wanted} is removed."));
        }
    }
    Ok(0)
}

/// Servers write the time of its making for a token that nobody used yet.
fn last_used(key: &ApiKey) -> String {
    if key.last_used.0 <= key.created_at.0 {
        return "never".into();
    }
    moment(key.last_used.0, OffsetDateTime::now_utc())
}

/// A span like `90s`, `30m`, `12h`, `7d`, in nanoseconds.
fn parse_span(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a span of time like 30m, 12h or 7d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds: i64 = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(wrong()),
    };
    let count: i64 = digits.parse().map_err(|_| wrong())?;
    count.checked_mul(seconds).and_then(|all| all.checked_mul(1_000_000_000)).filter(|all| *all > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests;
