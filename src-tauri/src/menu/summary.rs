//! The state in one icon, one line, and the few lines that say what is wrong and what to do. Pure.

use std::collections::BTreeSet;

use proto::ipc::DeploymentState;

use crate::event::{TrayNews, Unread};
use crate::hosting::Phase;
use crate::icon::Icon;
use crate::label::{label, wrap};
use crate::row::Row;
use crate::state::State;

/// Lines about trouble that are shown at a time.
const MOST: usize = 9;

/// The icon.
pub fn icon(state: &State) -> Icon {
    if matches!(state.hosting.phase, Phase::Failed(_)) || state.tunnel.silence.is_some() || is_tunnel_broken(state) {
        return Icon::Error;
    }
    let needs_sign_in = || state.deployments.values().any(|of| of.fault.as_ref().is_some_and(|fault| fault.is_sign_in));
    if !state.asked.is_empty()
        || state.reachable.question.is_some()
        || !state.accounts_unread.is_empty()
        || needs_sign_in()
    {
        return Icon::Attention;
    }
    let is_busy = matches!(state.hosting.phase, Phase::Starting | Phase::Stopping | Phase::Waiting(_));
    let is_connecting = state.tunnel.asked.is_some() || (state.is_connected() && state.reached() == 0);
    if is_busy || is_connecting || rows(state).any(|row| row.is_building) {
        return Icon::Working;
    }
    if state.reached() > 0 || matches!(state.hosting.phase, Phase::On { .. }) { Icon::On } else { Icon::Off }
}

/// The icon as a character, for the first line of the menu.
pub fn mark(icon: Icon) -> char {
    match icon {
        Icon::Off => '○',
        Icon::Working => '◐',
        Icon::On => '●',
        Icon::Attention => '⚠',
        Icon::Error => '✖',
    }
}

/// The state in one line.
pub fn headline(state: &State) -> String {
    let usable = rows(state).filter(|row| row.is_usable()).count();
    let all = rows(state).count();
    let count = match all {
        0 => "no workspaces".to_owned(),
        1 => format!("{usable} of 1 workspace runs"),
        _ => format!("{usable} of {all} workspaces run"),
    };
    let state = match icon(state) {
        Icon::Error => "error",
        Icon::Attention => "needs you",
        Icon::Working => return label(&format!("Homeport: {}, {count}", work(state))),
        Icon::On if state.reached() > 0 => "connected",
        Icon::On => "hosting, not connected",
        Icon::Off => "not connected",
    };
    label(&format!("Homeport: {state}, {count}"))
}

fn work(state: &State) -> String {
    match state.hosting.phase {
        Phase::Starting | Phase::Waiting(_) => return "starting to host".into(),
        Phase::Stopping => return "stopping to host".into(),
        _ => {}
    }
    match state.tunnel.asked {
        Some(false) => return "disconnecting".into(),
        Some(true) => return "connecting".into(),
        None if state.is_connected() && state.reached() == 0 => return "connecting".into(),
        None => {}
    }
    rows(state)
        .find(|row| row.is_building)
        .map_or_else(|| "working".into(), |row| format!("{} is {}", row.name, row.words()))
}

/// What is wrong, each with its next step where there is one.
pub fn details(state: &State) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(state.hosting.troubles());
    lines.extend(state.tunnel.silence.iter().map(|why| format!("The tunnel: {why}")));
    // Two deployments with the same trouble are one line: which of them is in `homeport connect status`.
    for code in state.tunnel_health().iter().map(|health| health.code).collect::<BTreeSet<_>>() {
        lines.push(code.title().trim_end_matches('.').to_owned());
        lines.push(code.next_step().to_owned());
    }
    for (place, deployment) in &state.deployments {
        lines.extend(
            deployment.fault.as_ref().filter(|fault| fault.is_sign_in).map(|_| format!("Sign in at {}", place.host())),
        );
    }
    lines.extend(state.accounts_unread.iter().map(|Unread { place, why }| match place {
        Some(place) => format!("The session at {} cannot be read: {why}", place.host()),
        None => format!("The stored sessions cannot be read: {why}"),
    }));
    if let Some(TrayNews::NoHost) = state.tray {
        lines.push("No panel shows the icon".into());
    }
    lines.extend(state.troubles.iter().map(|(_, text)| text.clone()));
    lines.iter().flat_map(|line| trouble(line)).take(MOST).collect()
}

/// A sentence about trouble as lines of the menu.
pub fn trouble(text: &str) -> impl Iterator<Item = String> {
    let wrapped = wrap(text).into_iter().enumerate();
    wrapped.map(|(number, line)| format!("{} {line}", if number == 0 { "▲" } else { "   " }))
}

fn is_tunnel_broken(state: &State) -> bool {
    let pictures = state.tunnel.picture.iter().flat_map(|picture| picture.deployments.values());
    let mut states = pictures.filter_map(|of| of.status.as_ref()).map(|status| status.state);
    states.any(|state| state == DeploymentState::Failed)
}

fn rows(state: &State) -> impl Iterator<Item = &Row> {
    state.deployments.values().filter_map(|of| of.listing.as_ref()).flat_map(|listing| &listing.rows)
}
