//! The rule with lists: only chosen workspaces stop, and start again once their stop is over.

use proto::rest::build::{Transition, WorkspaceStatus};
use time::{Duration, OffsetDateTime};

use crate::action::Action;
use crate::effect::Effect;
use crate::event::Event;
use crate::lid::LidNews;
use crate::row::Row;
use crate::row::tests::{running, starting, stopped};
use crate::state::State;
use crate::state::tests::{NOW, listing, place, with};

fn at(minutes: i64) -> OffsetDateTime {
    NOW + Duration::minutes(minutes)
}

fn builds(effects: &[Effect]) -> Vec<Transition> {
    let build = |effect: &Effect| match effect {
        Effect::Build { transition, .. } => Some(*transition),
        _ => None,
    };
    effects.iter().filter_map(build).collect()
}

fn list(state: &mut State, row: Row, minute: i64) -> Vec<Effect> {
    state.on(Event::Listed(place("dev"), listing(vec![row])), at(minute))
}

#[test]
fn a_chosen_workspace_stops_after_the_lid_was_shut_and_starts_when_it_is_opened() {
    let mut state = with(vec![running("box")]);
    let id = running("box").id;
    state.on(Event::Lid(LidNews::Shut), at(100));
    assert!(state.on(Event::Time, at(500)).is_empty(), "nobody chose it");
    state.on(Event::Lid(LidNews::Open), at(501));

    let effects = state.on(Event::Asked(Action::LidRule(id, Some(15))), at(600));
    assert!(matches!(&effects[..], [Effect::Save(settings), Effect::WatchLid(true)] if settings.lid[&id] == 15));
    state.on(Event::Lid(LidNews::Shut), at(600));
    assert_eq!(state.next_time(), Some(at(615)));
    assert!(builds(&state.on(Event::Time, at(614))).is_empty());
    assert_eq!(builds(&state.on(Event::Time, at(615))), [Transition::Stop]);

    // Opened while it stops: started once that is over.
    let stopping = Row { status: WorkspaceStatus::Stopping, transition: Transition::Stop, ..starting("box") };
    list(&mut state, stopping.clone(), 616);
    assert!(builds(&state.on(Event::Lid(LidNews::Open), at(616))).is_empty());
    let over = Row { build: stopping.build, ..stopped("box") };
    assert_eq!(builds(&list(&mut state, over, 617)), [Transition::Start]);
    assert!(matches!(
        &state.on(Event::Asked(Action::LidRule(id, None)), at(700))[..],
        [Effect::Save(_), Effect::WatchLid(false)]
    ));
}

#[test]
fn a_workspace_that_is_used_is_held_and_a_stop_that_failed_starts_nothing() {
    let mut state = with(vec![running("box")]);
    let id = running("box").id;
    state.on(Event::Asked(Action::LidRule(id, Some(5))), at(100));
    state.on(Event::Lid(LidNews::Shut), at(100));
    for minute in 105..120 {
        let used = Row { last_used: at(minute), ..running("box") };
        assert!(builds(&list(&mut state, used, minute)).is_empty(), "in use at {minute}");
    }
    let last = state.next_time().unwrap();
    assert_eq!(last, at(119 + 6));
    assert_eq!(builds(&state.on(Event::Time, last)), [Transition::Stop]);
    state.on(Event::ChangeFailed { at: place("dev"), workspace: id, why: "no network".into() }, last);
    assert!(builds(&state.on(Event::Lid(LidNews::Open), at(200))).is_empty());
    assert!(builds(&list(&mut state, Row { build: starting("box").build, ..stopped("box") }, 300)).is_empty());
}
