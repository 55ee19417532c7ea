//! The one loop: an event changes the state, its effects are carried out, and what is shown follows. Everything that is
//! seen or outside is behind [`Port`], so that the whole behaviour runs in tests without a bus, a server or a screen.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::effect::Effect;
use crate::event::Event;
use crate::menu::{Surroundings, View, view};
use crate::state::State;

/// The menu is drawn at most four times a second: one that changes under the pointer cannot be used.
const BETWEEN_VIEWS: Duration = Duration::from_millis(250);
/// Events that may wait: far more than a second of all sources brings.
pub const QUEUE: usize = 1024;

/// Everything outside.
pub trait Port {
    /// Shows the icon and the menu.
    fn show(&mut self, view: Arc<View>);
    /// Does something; what comes of it comes back as an event.
    fn perform(&mut self, effect: Effect);
    /// The time.
    fn now(&self) -> OffsetDateTime;
    /// What the menu says beyond the state.
    fn surroundings(&self) -> Surroundings;
}

/// Runs until an effect is [`Effect::Exit`], or nobody can send events any more.
pub async fn run(port: &mut impl Port, events: &mut mpsc::Receiver<Event>, state: &mut State) {
    let mut shown: Option<Arc<View>> = None;
    let mut next_view = Instant::now();
    let mut is_stale = true;
    loop {
        let until_time = state.next_time().map(|time| (time - port.now()).try_into().unwrap_or(Duration::ZERO));
        let event = tokio::select! {
            event = events.recv() => event,
            () = tokio::time::sleep_until(next_view), if is_stale => {
                let fresh = view(state, &port.surroundings());
                if shown.as_deref() != Some(&fresh) {
                    port.show(Arc::clone(shown.insert(Arc::new(fresh))));
                }
                is_stale = false;
                next_view = Instant::now() + BETWEEN_VIEWS;
                continue;
            }
            () = tokio::time::sleep(until_time.unwrap_or_default()), if until_time.is_some() => Some(Event::Time),
        };
        let Some(event) = event else { return };
        for effect in state.on(event, port.now()) {
            if matches!(effect, Effect::Exit) {
                return;
            }
            port.perform(effect);
        }
        is_stale = true;
    }
}

#[cfg(test)]
mod tests;
