//! A yes before anything, one order at a time, and a daemon that is started again with growing pauses.

use client::reachable::Registration;
use proto::daemon_report::{DaemonReport, OpenPort, OpenSession};
use proto::id::WorkspaceId;
use time::{Duration, OffsetDateTime};

use crate::action::Action;
use crate::effect::Effect;
use crate::event::Event;
use crate::menu::{Item, Surroundings, view};
use crate::open::Programs;
use crate::reachable::{Order, ReachableNews, Wish};
use crate::state::State;
use crate::state::tests::{NOW, place, with};

fn ready() -> State {
    let mut state = with(Vec::new());
    state.on(Event::Found(Programs { homeport: Some("/opt/homeport".into()), ..Programs::default() }), NOW);
    state
}

fn wish(state: &mut State, wish: Wish) -> Vec<Effect> {
    state.on(Event::Asked(Action::Reach(wish)), NOW)
}

fn registered(is_paused: bool, report: Option<DaemonReport>) -> Event {
    let registration = Registration {
        url: "http://dev/".into(),
        workspace: WorkspaceId::default(),
        name: "laptop".into(),
        owner: "ann".into(),
        daemon: "main".into(),
        is_paused,
    };
    let is_running = report.is_some();
    Event::Reachable(ReachableNews { registration: Some(registration), is_running, report })
}

fn connected() -> DaemonReport {
    DaemonReport { is_connected: true, ..DaemonReport::default() }
}

fn ordered(effects: &[Effect]) -> Option<&Order> {
    match effects {
        [Effect::Reach(_, order)] => Some(order),
        [] => None,
        other => panic!("{other:?}"),
    }
}

/// All lines of the menu, with those below.
fn lines(state: &State) -> String {
    fn add(items: &[Item], text: &mut String) {
        for item in items {
            match item {
                Item::Line(label)
                | Item::Do { label, .. }
                | Item::Switch { label, .. }
                | Item::AskWhere { label, .. } => *text += &format!("{label}\n"),
                Item::More { label, items } => {
                    *text += &format!("{label}\n");
                    add(items, text);
                }
                Item::Separator => {}
            }
        }
    }
    let mut text = String::new();
    add(&view(state, &Surroundings::default()).items, &mut text);
    text
}

#[test]
fn being_reachable_needs_a_yes_to_a_question_that_names_host_and_user() {
    let mut state = ready();
    assert!(lines(&state).contains("Make this computer reachable\nAt dev…"));
    let effects = wish(&mut state, Wish::Ask(place("dev")));
    let [Effect::Notify(note)] = &effects[..] else { panic!("{effects:?}") };
    assert!(note.body.contains("as ann at dev "), "{note:?}");
    assert!(lines(&state).contains("⚠ Make this computer reachable at dev?"), "{}", lines(&state));

    assert!(wish(&mut state, Wish::Answer(false)).is_empty());
    assert!(wish(&mut state, Wish::Answer(true)).is_empty(), "no question, no answer");
    wish(&mut state, Wish::Ask(place("dev")));
    assert_eq!(ordered(&wish(&mut state, Wish::Answer(true))), Some(&Order::On(place("dev"))));
    assert_eq!(ordered(&wish(&mut state, Wish::Revoke)), None, "one order at a time");
    assert!(lines(&state).contains("Make this computer reachable (registering)"));

    // A deployment that has not answered: nobody knows as whom.
    assert!(wish(&mut ready(), Wish::Ask(place("elsewhere"))).is_empty());
    let arguments = Order::On(place("dev")).arguments();
    assert_eq!(arguments, ["reachable", "on", "--yes", "--url", "http://dev/"]);
}

#[test]
fn who_is_connected_is_in_the_menu_with_pause_and_revoke() {
    let mut state = ready();
    let report = DaemonReport {
        sessions: vec![OpenSession { kind: "ssh".into(), since: 1_700_000_000, from: None }],
        ports: vec![OpenPort { port: 8080, connections: 2 }],
        ..connected()
    };
    state.on(registered(false, Some(report)), NOW);
    let text = lines(&state);
    for line in [
        "Reachable as laptop at dev: 1 session\n",
        "For whoever is signed in there as ann\n",
        "ssh session since 22:13 UTC on 14 November\n",
        "Port 8080: 2 connections\n",
        "Pause: end all connections\n",
        "Revoke…\n",
        "Revoke now\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert_eq!(ordered(&wish(&mut state, Wish::Pause)), Some(&Order::Pause));
    state.on(Event::ReachableDone(Order::Pause, Ok(())), NOW);
    state.on(registered(true, None), NOW);
    assert!(lines(&state).contains("Reachable as laptop at dev: paused\n"));
    assert_eq!(ordered(&wish(&mut state, Wish::Resume)), Some(&Order::Resume));
    let effects = state.on(Event::ReachableDone(Order::Resume, Err("no network".into())), NOW);
    assert!(matches!(&effects[..], [Effect::Notify(note)] if note.body == "no network"), "{effects:?}");
}

#[test]
fn a_daemon_that_ends_is_started_again_with_growing_pauses_and_never_while_paused() {
    let mut state = ready();
    let mut now = NOW;
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let before = now;
        let mut effects = state.on(registered(false, None), now);
        if effects.is_empty() {
            now = state.next_time().unwrap();
            effects = state.on(Event::Time, now);
        }
        assert_eq!(ordered(&effects), Some(&Order::Start), "{effects:?}");
        pauses.push((now - before).whole_seconds());
        assert!(state.on(Event::ReachableDone(Order::Start, Err("no".into())), now).is_empty(), "in the menu only");
    }
    assert_eq!(pauses, [0, 1, 2, 4, 8]);
    // One that was connected begins anew.
    state.on(registered(false, Some(connected())), now);
    assert_eq!(ordered(&state.on(registered(false, None), now)), Some(&Order::Start));
    state.on(Event::ReachableDone(Order::Start, Ok(())), now);

    let far: OffsetDateTime = now + Duration::days(1);
    assert_eq!(ordered(&state.on(registered(true, None), far)), None);
    assert_eq!(ordered(&state.on(Event::Time, far)), None, "paused stays paused");
}
