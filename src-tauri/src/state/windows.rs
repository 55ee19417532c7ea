//! Windows that did not show their page: told once for each reason, with what was done instead. Pure.

use time::OffsetDateTime;

use crate::effect::{Effect, Note};
use crate::state::State;

impl State {
    pub(super) fn window_failed(&mut self, why: String, browser_instead: bool, now: OffsetDateTime) -> Vec<Effect> {
        self.trouble(why.clone(), now);
        // Where no window works, nobody can answer in one.
        let mut effects = if self.asks_where { self.ask_in_terminal(now) } else { Vec::new() };
        // A person who clicks again needs the line in the menu, not the same notification again.
        if self.told_window.as_ref() == Some(&why) {
            return effects;
        }
        self.told_window = Some(why.clone());
        let title = if browser_instead { "The page opens in the browser" } else { "A window of Homeport failed" };
        let note = Note { title: title.into(), body: why.clone(), buttons: Vec::new(), is_urgent: false };
        effects.extend([Effect::Say(why), Effect::Notify(note)]);
        effects
    }
}

#[cfg(test)]
mod tests;
