//! The rule about the lid, for the workspaces that a person chose (`lid.rs`). Pure.

use proto::id::WorkspaceId;
use proto::rest::build::{Transition, WorkspaceStatus};
use time::OffsetDateTime;

use crate::effect::Effect;
use crate::lid::{Candidate, LidNews};
use crate::place::Place;
use crate::row::Row;
use crate::state::{State, Then};

impl State {
    pub(super) fn lid_news(&mut self, news: LidNews, now: OffsetDateTime) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (workspace, behind) in self.lid.heard(news, now) {
            let Some(place) = self.place_of(workspace) else { continue };
            // Behind the stop, which may not be over; nothing when somebody started it meanwhile.
            self.then.insert(workspace, Then { behind, version: None });
            effects.extend(self.follow_up(&place));
        }
        effects
    }

    /// Stops what is due.
    pub(super) fn keep_lid(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        let candidates = self.lid_candidates();
        let due = self.lid.due(&candidates, now);
        let stop = |workspace| {
            let at = self.place_of(workspace)?;
            Some(Effect::Build { at, workspace, transition: Transition::Stop, version: None })
        };
        due.into_iter().filter_map(stop).collect()
    }

    pub(super) fn next_lid(&self) -> Option<OffsetDateTime> {
        self.lid.next_time(&self.lid_candidates())
    }

    /// Chooses for a workspace: minutes, or nothing.
    pub(super) fn set_lid_rule(&mut self, workspace: WorkspaceId, minutes: Option<u32>) -> Vec<Effect> {
        match minutes {
            Some(minutes) => drop(self.settings.lid.insert(workspace, minutes)),
            None => drop(self.settings.lid.remove(&workspace)),
        }
        vec![Effect::Save(self.settings.clone()), Effect::WatchLid(!self.settings.lid.is_empty())]
    }

    fn lid_candidates(&self) -> Vec<Candidate> {
        if self.settings.lid.is_empty() {
            return Vec::new();
        }
        let running = self.all_rows().filter(|(_, row)| row.status == WorkspaceStatus::Running && !row.is_building);
        let with_rule = running.filter_map(|(_, row)| {
            let minutes = *self.settings.lid.get(&row.id)?;
            Some(Candidate { workspace: row.id, build: row.build, minutes, last_used: row.last_used })
        });
        with_rule.collect()
    }

    fn place_of(&self, workspace: WorkspaceId) -> Option<Place> {
        self.all_rows().find(|(_, row)| row.id == workspace).map(|(place, _)| place.clone())
    }

    fn all_rows(&self) -> impl Iterator<Item = (&Place, &Row)> {
        let lists = self.deployments.iter().filter_map(|(place, of)| Some((place, of.listing.as_ref()?)));
        lists.flat_map(|(place, listing)| listing.rows.iter().map(move |row| (place, row)))
    }
}

#[cfg(test)]
mod tests;
