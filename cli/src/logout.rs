//! `homeport logout`: ends the session at a deployment, there and here.

use client::Deployment;
use client::error::origin;

use crate::failure::failure;
use crate::global::{Global, parse_url};
use crate::terminal::{print, progress};

/// Options of `logout`.
#[derive(clap::Args)]
pub struct Args {
    /// Which deployment; without one the current one is left.
    #[arg(value_name = "URL")]
    address: Option<String>,
    /// Accepted for scripts: nothing is asked.
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let store = global.store()?;
    let known = store.known()?;
    let named = args.address.as_deref().or(global.url.as_deref()).filter(|url| !url.is_empty());
    let wanted = named.map(parse_url).transpose()?;
    let meant = known.iter().find(|known| match &wanted {
        Some(url) => known.url.origin() == url.origin(),
        None => known.is_current,
    });
    let Some(meant) = meant else {
        let at = wanted.map_or_else(String::new, |url| format!(" at {}", origin(&url)));
        let next = if known.is_empty() {
            "`homeport login <url>` opens a session"
        } else {
            "`homeport accounts` lists where you are"
        };
        return Err(failure(format!("you are not logged in{at}"), next));
    };
    // A keyring that does not answer must not keep anybody logged in here.
    match store.load_at(&meant.url).await {
        Ok(Some(session)) => {
            if let Err(error) = Deployment::new(session.url, session.token)?.log_out().await {
                progress(&format!("The deployment was not told ({error}); its session ends when it expires."));
            }
        }
        Ok(None) => {}
        Err(error) => {
            progress(&format!("The deployment was not told, as {error}; its session ends when it expires."));
        }
    }
    if let Some(error) = store.forget(&meant.url).await? {
        progress(&format!("The keyring still holds the old token ({error}). Unlock it and remove it there."));
    }
    print(&format!("You are logged out of {}.", origin(&meant.url)));
    if meant.is_current && known.len() > 1 {
        progress("`homeport accounts use <url>` makes another one the current one.");
    }
    Ok(0)
}
