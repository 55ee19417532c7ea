//! What deployments say: rows, builds that failed, sessions that are over. Pure.

use std::collections::BTreeSet;

use proto::id::WorkspaceId;
use proto::rest::build::{Transition, WorkspaceStatus};
use time::OffsetDateTime;

use crate::action::{Action, Change};
use crate::effect::{Effect, Note};
use crate::event::{Fault, Listing};
use crate::open::Target;
use crate::place::Place;
use crate::row::Row;
use crate::state::{State, Then};

/// Notifications of one list: more than a few at once are noise.
const MAX_NOTES: usize = 3;

impl State {
    pub(super) fn listed(&mut self, place: &Place, listing: Listing) -> Vec<Effect> {
        let Some(deployment) = self.deployments.get_mut(place) else { return Vec::new() };
        deployment.fault = None;
        let is_first = deployment.listing.is_none();
        let failed = listing.rows.iter().filter(|row| row.status == WorkspaceStatus::Failed && !row.is_building);
        let mut effects = Vec::new();
        for row in failed.clone() {
            // What failed before we looked is in the row, and no news.
            let is_news = deployment.told.insert(row.build) && !is_first;
            if is_news && effects.len() < MAX_NOTES {
                effects.push(Effect::Notify(failure(place, row)));
            }
        }
        let still: BTreeSet<_> = failed.map(|row| row.build).collect();
        deployment.told.retain(|build| still.contains(build));
        deployment.listing = Some(listing);
        effects.extend(self.follow_up(place));
        effects
    }

    pub(super) fn unlisted(&mut self, place: &Place, fault: Fault) -> Vec<Effect> {
        let Some(deployment) = self.deployments.get_mut(place) else { return Vec::new() };
        let is_news = fault.is_sign_in && !deployment.fault.as_ref().is_some_and(|before| before.is_sign_in);
        deployment.fault = Some(fault);
        if !is_news {
            return Vec::new();
        }
        let title = format!("Sign in at {}", place.host());
        vec![Effect::Notify(Self::sign_in_note(place, title, "Your session there is over. Your workspaces go on."))]
    }

    /// Starts what was to be started behind a stop.
    pub(super) fn follow_up(&mut self, place: &Place) -> Vec<Effect> {
        let rows = self.deployments.get(place).and_then(|deployment| deployment.listing.as_ref());
        let rows = rows.map(|listing| listing.rows.as_slice()).unwrap_or_default();
        let mut effects = Vec::new();
        for row in rows.iter().filter(|row| !row.is_building) {
            let Some(Then { behind, version }) = self.then.get(&row.id).copied() else { continue };
            if row.build == behind {
                continue;
            }
            self.then.remove(&row.id);
            if row.status == WorkspaceStatus::Stopped {
                let (at, workspace) = (place.clone(), row.id);
                effects.push(Effect::Build { at, workspace, transition: Transition::Start, version });
            }
        }
        effects
    }

    pub(super) fn change_failed(
        &mut self,
        at: &Place,
        workspace: WorkspaceId,
        why: &str,
        now: OffsetDateTime,
    ) -> Vec<Effect> {
        self.then.remove(&workspace);
        self.lid.give_up(workspace);
        let name = self.row(at, workspace).map_or_else(|| "A workspace".to_owned(), |row| row.name.clone());
        self.trouble(format!("{name}: {why}"), now);
        let title = format!("{name}: that did not work");
        vec![Effect::Notify(Note { title, body: why.to_owned(), buttons: Vec::new(), is_urgent: false })]
    }

    /// A row, if it is still there.
    pub fn row(&self, place: &Place, workspace: WorkspaceId) -> Option<&Row> {
        self.deployments.get(place)?.listing.as_ref()?.rows.iter().find(|row| row.id == workspace)
    }
}

/// A build that failed, with what can be done.
fn failure(place: &Place, row: &Row) -> Note {
    let (verb, retry) = match row.transition {
        Transition::Stop => ("Stopping", Some(Change::Stop)),
        Transition::Delete => ("Deleting", None),
        _ => ("Starting", Some(Change::Start)),
    };
    let again = retry.map(|change| ("Try again".to_owned(), Action::Workspace(place.clone(), row.id, change)));
    let number = row.build_number.to_string();
    let log = place.page(&[&format!("@{}", row.owner), &row.name, "builds", &number]);
    let log = log.map(|page| ("Show the log".to_owned(), Action::Open(Target::Window { place: place.clone(), page })));
    Note {
        title: format!("{verb} {} failed", row.name),
        body: if row.reason.is_empty() { "No reason was given.".into() } else { row.reason.clone() },
        buttons: again.into_iter().chain(log).collect(),
        is_urgent: true,
    }
}
