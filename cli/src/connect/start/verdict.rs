//! Whether the tunnel is where it was wanted, from the service's news. Pure: no waiting here.

use client::tunnel::Picture;
use proto::ipc::{DeploymentState, Health, HealthCode};

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet; the text says what is awaited.
    Waiting(String),
    /// At least one deployment is connected and none is on its way; with what is worth knowing.
    Ready(Vec<String>),
    /// It will not be without a person.
    Failed {
        /// What is wrong.
        what: String,
        /// What to do about it.
        next: String,
    },
}

/// One deployment.
enum Stand<'a> {
    Connected,
    Failed(&'a Health),
    Waiting(&'static str),
}

/// Judges the deployments with these URLs.
pub fn verdict(picture: &Picture, urls: &[String]) -> Verdict {
    let machine = picture.service.as_ref().map(|service| service.health.as_slice()).unwrap_or_default();
    let machine = HealthCode::roots(machine);
    if let Some(health) = machine.iter().find(|health| is_fatal(health.code)) {
        return failed("", health);
    }
    let (mut connected, mut waiting, mut broken) = (0, None, Vec::new());
    for url in urls {
        match stand(picture, url) {
            Stand::Connected => connected += 1,
            Stand::Waiting(what) => waiting = waiting.or(Some((url, what))),
            Stand::Failed(health) => broken.push((url, health)),
        }
    }
    if let Some((url, what)) = waiting {
        return Verdict::Waiting(format!("{}: {what}.", shown(url)));
    }
    match broken.first() {
        // Without a network a deployment of this computer still answers; one that does not answer has a reason then.
        Some((url, health)) if connected == 0 => match machine.iter().find(|root| root.code.hides(health.code)) {
            Some(root) => failed("", root),
            None => failed(shown(url), health),
        },
        _ => {
            let broken = broken.iter().map(|(url, health)| sentence(shown(url), health));
            Verdict::Ready(machine.iter().map(|health| sentence("", health)).chain(broken).collect())
        }
    }
}

fn stand<'a>(picture: &'a Picture, url: &str) -> Stand<'a> {
    let Some(status) = picture.deployments.get(url).and_then(|deployment| deployment.status.as_ref()) else {
        return Stand::Waiting("waiting for the service");
    };
    // A name that clashes, or a relay that is missing, does not keep the rest from working.
    let stops = |health: &&Health| !matches!(health.code, HealthCode::NameClash | HealthCode::NoRelay);
    match (status.state, status.health.iter().find(stops)) {
        (DeploymentState::Connected, _) => Stand::Connected,
        (_, Some(health)) => Stand::Failed(health),
        (DeploymentState::Asking, None) => Stand::Waiting("asking the deployment who we are"),
        (DeploymentState::Dialling, None) => Stand::Waiting("dialling its control connection"),
        (DeploymentState::Reconnecting, None) => Stand::Waiting("dialling its control connection again"),
        (DeploymentState::Failed, None) => Stand::Waiting("it failed; waiting for the reason"),
    }
}

/// What keeps every deployment from working.
fn is_fatal(code: HealthCode) -> bool {
    use HealthCode as C;
    matches!(code, C::TunMissing | C::TunClosed | C::TunDenied | C::DeviceTaken | C::Ipv6Off | C::ForeignRoute)
}

fn failed(url: &str, health: &Health) -> Verdict {
    let what = sentence(url, health);
    let next = health.code.next_step().trim_end_matches('.');
    let what = what.strip_suffix(&format!(" {next}.")).unwrap_or(&what).trim_end_matches('.').to_owned();
    Verdict::Failed { what, next: next.to_owned() }
}

/// Title, detail and next step in one line.
pub fn sentence(url: &str, health: &Health) -> String {
    let of = if url.is_empty() { String::new() } else { format!("{url}: ") };
    let detail = if health.detail.is_empty() { String::new() } else { format!(" ({})", health.detail) };
    let title = health.code.title().trim_end_matches('.');
    format!("{of}{title}{detail}. {}", health.code.next_step())
}

fn shown(url: &str) -> &str {
    url.trim_end_matches('/')
}

#[cfg(test)]
mod tests;
