//! Which deployments the tunnel shall reach: every session that is stored here, and this computer's own server.

use anyhow::Context;
use client::sessions::{Session, Source};
use proto::ipc::Description;
use proto::ipc::call::MAX_DEPLOYMENTS;

use crate::failure::failure;
use crate::global::Global;
use crate::terminal::progress;

/// The deployment that was named, or all.
pub async fn wanted(global: &Global) -> anyhow::Result<Vec<Description>> {
    let local = global.local_session();
    if global.url.as_deref().is_some_and(|url| !url.is_empty()) {
        let deployment = global.deployment().await?;
        let token = deployment.token().cloned().context("the deployment has no session")?;
        let is_local = local.is_some_and(|local| local.url.origin() == deployment.url().origin());
        return Ok(vec![Description { url: deployment.url().to_string(), token, is_local }]);
    }
    let stored = global.store()?.all().await;
    for (url, error) in &stored.unread {
        // A keyring that is locked must not keep this computer's own workspaces away.
        let at = url.as_ref().map_or_else(String::new, |url| format!(" at {}", client::error::origin(url)));
        progress(&format!("A stored session{at} is left out: {error}"));
    }
    let found = merge(local, stored.sessions);
    if found.is_empty() {
        return Err(failure(
            "there is no session and no server of this computer",
            "run `homeport login <url>`, or `homeport server` to host this computer",
        ));
    }
    Ok(found)
}

/// One description per deployment, the local one first. Of two sessions at one deployment the stored one counts: it
/// may be another account than the local server's.
fn merge(local: Option<Session>, stored: Vec<Session>) -> Vec<Description> {
    let local_origin = local.as_ref().map(|local| local.url.origin());
    let mut found: Vec<(url::Origin, Description)> = Vec::new();
    for Session { url, token, source } in stored.into_iter().chain(local) {
        let origin = url.origin();
        let is_local = matches!(source, Source::Local(_)) || Some(&origin) == local_origin.as_ref();
        if found.len() < MAX_DEPLOYMENTS && found.iter().all(|(known, _)| *known != origin) {
            found.push((origin, Description { url: url.to_string(), token, is_local }));
        }
    }
    found.sort_by_key(|(_, description)| !description.is_local);
    found.into_iter().map(|(_, description)| description).collect()
}

#[cfg(test)]
mod tests;
