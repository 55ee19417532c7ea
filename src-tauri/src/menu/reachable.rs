//! The lines about this computer as a workspace elsewhere: where, who is connected, pause, revoke. Pure.

use proto::daemon_report::DaemonReport;
use time::OffsetDateTime;

use super::{Item, Surroundings};
use crate::action::Action;
use crate::event::Account;
use crate::place::Place;
use crate::reachable::{Reachable, Wish};
use crate::state::State;

/// Lines about who is connected.
const MOST: usize = 12;

/// The question that waits, as a line that needs an answer.
pub fn question(state: &State) -> Option<Item> {
    let place = state.reachable.question.as_ref()?;
    let mut items: Vec<Item> = crate::label::wrap(&state.reach_question(place)?).into_iter().map(Item::Line).collect();
    items.push(Item::of("Make it reachable", Action::Reach(Wish::Answer(true))));
    items.push(Item::of("No", Action::Reach(Wish::Answer(false))));
    Some(Item::more(&format!("⚠ Make this computer reachable at {}?", place.host()), items))
}

/// The submenu; nothing where there is no deployment but this computer's own.
pub fn item(state: &State, around: &Surroundings) -> Option<Item> {
    let reachable = &state.reachable;
    let Some(registration) = &reachable.news.registration else {
        return offer(state);
    };
    let host =
        url::Url::parse(&registration.url).map_or_else(|_| registration.url.clone(), |url| Place::of(&url).host());
    let title = format!("Reachable as {} at {host}: {}", registration.name, words(reachable));
    let mut items = vec![Item::line(&format!("For whoever is signed in there as {}", registration.owner))];
    let report = reachable.news.report.as_ref().filter(|_| !registration.is_paused);
    items.extend(report.into_iter().flat_map(|report| who(report, around)));
    items.push(Item::Separator);
    if reachable.order.is_none() {
        items.push(match registration.is_paused {
            true => Item::of("Resume", Action::Reach(Wish::Resume)),
            false => Item::of("Pause: end all connections", Action::Reach(Wish::Pause)),
        });
        let sure = vec![
            Item::line("The workspace there is deleted, its token void."),
            Item::of("Revoke now", Action::Reach(Wish::Revoke)),
        ];
        items.push(Item::more("Revoke…", sure));
    }
    Some(Item::more(&title, items))
}

fn offer(state: &State) -> Option<Item> {
    if let Some(order) = &state.reachable.order {
        return Some(Item::line(&format!("Make this computer reachable ({})", order.words())));
    }
    // At this computer's own server it is a workspace anyway.
    let others = state.accounts.iter().filter(|account| !account.is_local);
    let items: Vec<Item> = others
        .map(|Account { place, .. }| {
            let label = format!("At {}…", place.host());
            // Who is asked must know who is meant.
            if state.reach_question(place).is_none() {
                return Item::line(&format!("{label} (no answer from there yet)"));
            }
            Item::of(&label, Action::Reach(Wish::Ask(place.clone())))
        })
        .collect();
    (!items.is_empty()).then(|| Item::more("Make this computer reachable", items))
}

fn words(reachable: &Reachable) -> String {
    if let Some(order) = &reachable.order {
        return order.words().to_owned();
    }
    let is_paused = reachable.news.registration.as_ref().is_some_and(|registration| registration.is_paused);
    match &reachable.news.report {
        _ if is_paused => "paused".into(),
        None => "its daemon does not run".into(),
        Some(report) if !report.is_connected => "connecting".into(),
        Some(report) => match report.sessions.len() {
            0 => "nobody is connected".into(),
            1 => "1 session".into(),
            count => format!("{count} sessions"),
        },
    }
}

fn who(report: &DaemonReport, around: &Surroundings) -> Vec<Item> {
    let mut items = Vec::new();
    if !report.is_connected {
        items.extend(report.problem.iter().map(|why| Item::line(&format!("▲ {why}"))));
    }
    items.extend(report.sessions.iter().map(|session| {
        let since = OffsetDateTime::from_unix_timestamp(session.since).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Item::line(&format!("{} session since {}", session.kind, super::workspace::clock(since, around)))
    }));
    items.extend(report.ports.iter().map(|port| {
        let plural = if port.connections == 1 { "" } else { "s" };
        Item::line(&format!("Port {}: {} connection{plural}", port.port, port.connections))
    }));
    if items.is_empty() {
        items.push(Item::line("Nobody is connected"));
    }
    let rest = items.len().saturating_sub(MOST);
    items.truncate(MOST);
    if rest > 0 {
        items.push(Item::line(&format!("and {rest} more")));
    }
    items
}
