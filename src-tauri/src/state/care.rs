//! What helps when something is wrong: the support bundle. Pure.

use std::path::PathBuf;

use time::OffsetDateTime;

use crate::action::Action;
use crate::effect::{Effect, Note};
use crate::open::Target;
use crate::state::State;

impl State {
    pub(super) fn make_bundle(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        let Some(program) = self.programs.homeport.clone() else {
            self.trouble("homeport is not installed, or not on PATH".into(), now);
            return Vec::new();
        };
        // A second click while one is made means the same one.
        let is_new = !std::mem::replace(&mut self.is_bundling, true);
        if is_new { vec![Effect::MakeBundle(program)] } else { Vec::new() }
    }

    pub(super) fn bundled(&mut self, made: Result<PathBuf, String>, now: OffsetDateTime) -> Vec<Effect> {
        self.is_bundling = false;
        let note = match made {
            Ok(path) => {
                let folder = path.parent().map(|folder| Action::Open(Target::File(folder.to_owned())));
                let show = |file: &PathBuf| Action::Open(Target::File(file.clone()));
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Note {
                    title: "The support bundle is made".into(),
                    body: format!("{file}: without secrets and names. Read it before you give it away."),
                    buttons: vec![("Show in folder".into(), folder.unwrap_or_else(|| show(&path)))],
                    is_urgent: false,
                }
            }
            Err(why) => {
                self.trouble(format!("No support bundle: {why}"), now);
                let again = ("Try again".into(), Action::MakeBundle);
                let title = "The support bundle could not be made".into();
                Note { title, body: why, buttons: vec![again], is_urgent: false }
            }
        };
        vec![Effect::Notify(note)]
    }
}

#[cfg(test)]
mod tests;
