//! `homeport logout`: ends the stored session, there and here.

use client::Deployment;

use crate::failure::failure;
use crate::global::Global;
use crate::terminal::{print, progress};

/// Options of `logout`.
#[derive(clap::Args)]
pub struct Args {
    /// Accepted for scripts: nothing is asked.
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(_args: Args, global: &Global) -> anyhow::Result<u8> {
    let store = global.store()?;
    // A keyring that does not answer must not keep anybody logged in here.
    let session = store.load().await.unwrap_or_default();
    let Some(session) = session else {
        store.forget().await?;
        return Err(failure("you are not logged in", "`homeport login <url>` opens a session"));
    };
    if let Err(error) = Deployment::new(session.url.clone(), session.token)?.log_out().await {
        progress(&format!("The deployment was not told ({error}); its session ends when it expires."));
    }
    store.forget().await?;
    print(&format!("You are logged out of {}.", client::error::origin(&session.url)));
    Ok(0)
}
