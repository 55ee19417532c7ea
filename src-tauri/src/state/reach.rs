//! "Make this computer reachable": the question, the yes, what was ordered, and the daemon kept running. Pure.
//!
//! Nothing happens by a click alone: a person says yes to a sentence that names host and user.

use time::OffsetDateTime;

use crate::action::Action;
use crate::effect::{Effect, Note};
use crate::place::Place;
use crate::reachable::{Order, ReachableNews, Wish};
use crate::state::State;

impl State {
    pub(super) fn wished(&mut self, wish: Wish, now: OffsetDateTime) -> Vec<Effect> {
        match wish {
            Wish::Ask(place) => self.ask_to_reach(place),
            Wish::Answer(is_yes) => match self.reachable.question.take() {
                Some(place) if is_yes => self.order(Order::On(place), now),
                _ => Vec::new(),
            },
            Wish::Pause => self.order(Order::Pause, now),
            Wish::Resume => self.order(Order::Resume, now),
            Wish::Revoke => self.order(Order::Off, now),
        }
    }

    fn ask_to_reach(&mut self, place: Place) -> Vec<Effect> {
        let Some(body) = self.reach_question(&place) else { return Vec::new() };
        self.reachable.question = Some(place);
        let answer = |is_yes| Action::Reach(Wish::Answer(is_yes));
        let buttons = vec![("Make it reachable".into(), answer(true)), ("No".into(), answer(false))];
        let title = "Make this computer reachable?".into();
        vec![Effect::Notify(Note { title, body, buttons, is_urgent: true })]
    }

    /// The sentence that a person says yes to; `None` while nobody knows who we are there.
    pub fn reach_question(&self, place: &Place) -> Option<String> {
        let user = &self.deployments.get(place)?.listing.as_ref()?.user;
        Some(format!(
            "Whoever is signed in as {user} at {} can then open shells on this computer as you, and reach its ports.",
            place.host()
        ))
    }

    fn order(&mut self, order: Order, now: OffsetDateTime) -> Vec<Effect> {
        if self.reachable.order.is_some() {
            return Vec::new();
        }
        let Some(program) = self.programs.homeport.clone() else {
            self.trouble("homeport is not installed, or not on PATH".into(), now);
            return Vec::new();
        };
        self.reachable.order = Some(order.clone());
        vec![Effect::Reach(program, order)]
    }

    pub(super) fn reachable_news(&mut self, news: ReachableNews, now: OffsetDateTime) -> Vec<Effect> {
        self.reachable.heard(news, now);
        Vec::new()
    }

    /// Starts a daemon that should run, when its pause is over.
    pub(super) fn keep_reachable(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        if self.reachable.due(now) { self.order(Order::Start, now) } else { Vec::new() }
    }

    pub(super) fn reachable_done(
        &mut self,
        order: &Order,
        done: Result<(), String>,
        now: OffsetDateTime,
    ) -> Vec<Effect> {
        self.reachable.done();
        let Err(why) = done else { return Vec::new() };
        self.trouble(format!("Being reachable: {why}"), now);
        // One that is started again and again is in the menu; a person's own wish is answered.
        if *order == Order::Start {
            return Vec::new();
        }
        let title = "This computer's being reachable was not changed".into();
        vec![Effect::Notify(Note { title, body: why, buttons: Vec::new(), is_urgent: false })]
    }
}

#[cfg(test)]
mod tests;
