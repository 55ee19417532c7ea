//! Workspaces that stop by themselves soon: told once, with a way to go on. Pure.

use std::collections::BTreeSet;

use proto::rest::build::WorkspaceStatus;
use time::{Duration, OffsetDateTime};

use crate::action::{Action, Change};
use crate::effect::{Effect, Note};
use crate::place::Place;
use crate::row::Row;
use crate::state::State;

/// How long before the stop it is told: time to come back from lunch, not so long that it is forgotten again.
const BEFORE: Duration = Duration::minutes(15);

impl State {
    /// Tells of each workspace that stops soon, once for each time it was to stop.
    pub(super) fn tell_stops(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        let near: Vec<_> = self
            .stopping()
            .filter(|(_, row, at)| *at - BEFORE <= now && now < *at && self.told_stops.get(&row.id) != Some(at))
            .map(|(place, row, at)| (row.id, at, Effect::Notify(note(place, row, at - now))))
            .collect();
        let known: BTreeSet<_> = self.stopping().map(|(_, row, _)| row.id).collect();
        self.told_stops.retain(|id, _| known.contains(id));
        let tell = |(id, at, effect)| {
            self.told_stops.insert(id, at);
            effect
        };
        near.into_iter().map(tell).collect()
    }

    /// When the next is to be told.
    pub(super) fn next_told_stop(&self) -> Option<OffsetDateTime> {
        let untold = self.stopping().filter(|(_, row, at)| self.told_stops.get(&row.id) != Some(at));
        untold.map(|(_, _, at)| at - BEFORE).min()
    }

    fn stopping(&self) -> impl Iterator<Item = (&Place, &Row, OffsetDateTime)> {
        let lists = self.deployments.iter().filter_map(|(place, of)| Some((place, of.listing.as_ref()?)));
        let rows = lists.flat_map(|(place, listing)| listing.rows.iter().map(move |row| (place, row)));
        rows.filter(|(_, row)| row.status == WorkspaceStatus::Running && !row.is_building)
            .filter_map(|(place, row)| Some((place, row, row.deadline?)))
    }
}

fn note(place: &Place, row: &Row, left: Duration) -> Note {
    let minutes = (left.whole_seconds() + 59) / 60;
    let more = Action::Workspace(place.clone(), row.id, Change::Extend);
    Note {
        title: format!("{} stops in {minutes} minute{}", row.name, if minutes == 1 { "" } else { "s" }),
        body: format!("Its time at {} is over then, and its programs end.", place.host()),
        buttons: vec![("One hour more".into(), more)],
        is_urgent: false,
    }
}
