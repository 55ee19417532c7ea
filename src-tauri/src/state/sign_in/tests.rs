//! Sign-ins from the first click to their end, without a browser or a keyring.

use super::super::tests::{NOW, check, place, with};
use super::*;
use crate::event::{Event, Unread};
use crate::menu::{Item, Surroundings, view};
use crate::open::Programs;

fn news(state: &mut State, news: SignInNews) -> Vec<Effect> {
    state.on(Event::SignIn(place("dev"), news), NOW)
}

fn with_programs() -> State {
    let mut state = with(Vec::new());
    let opener = Some("/bin/xdg-open".into());
    let (homeport, terminal) = (Some("/bin/homeport".into()), Some(("/bin/xterm".into(), &["-e"][..])));
    state.on(Event::Found(Programs { opener, homeport, terminal, ..Programs::default() }), NOW);
    state
}

fn opened() -> SignInNews {
    SignInNews::Opened { page: "http://dev/hand-off?port=1".into(), word: "ABCD".into() }
}

#[test]
fn a_sign_in_opens_the_page_and_says_which_letters_it_has() {
    let mut state = with_programs();
    check(&state.on(Event::Asked(Action::SignIn(place("dev"))), NOW), &["sign in dev"]);
    assert_eq!(state.signing_in(&place("dev")), Some(&SigningIn::Asking));
    check(&news(&mut state, opened()), &["launch /bin/xdg-open"]);
    assert_eq!(state.signing_in(&place("dev")), Some(&SigningIn::Waiting("ABCD".into())));
    let done = SignInNews::Done { user: "ann".into(), in_file: false };
    check(&news(&mut state, done), &["notify Signed in as ann at dev"]);
    assert_eq!(state.signing_in(&place("dev")), None);

    check(&state.on(Event::Asked(Action::SignIn(place("dev"))), NOW), &["sign in dev"]);
    check(&state.on(Event::Asked(Action::StopSigningIn(place("dev"))), NOW), &["stop signing in dev"]);
    assert_eq!(state.signing_in(&place("dev")), None);
}

#[test]
fn a_deployment_without_the_page_is_signed_in_at_with_a_token_that_is_copied_from_its_own() {
    let mut state = with_programs();
    state.on(Event::Asked(Action::SignIn(place("dev"))), NOW);
    let effects = news(&mut state, SignInNews::NotOffered);
    check(&effects, &["launch /bin/xdg-open", "notify Copy the token that dev shows"]);
    let [Effect::Launch(page), Effect::Notify(note)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(page.arguments, ["http://dev/cli-auth"]);
    assert_eq!(note.buttons, [("Use the copied token".to_owned(), Action::UseCopied(place("dev")))]);
    // What is no token is said, and another one may be copied.
    check(&state.on(Event::Asked(Action::UseCopied(place("dev"))), NOW), &["sign in with copied dev"]);
    check(&news(&mut state, SignInNews::NotCopied { why: "no token".into() }), &[]);
    assert_eq!(state.troubles.last().unwrap().1, "no token");
    assert_eq!(state.signing_in(&place("dev")), Some(&SigningIn::Copying));
    let done = SignInNews::Done { user: "ann".into(), in_file: false };
    check(&news(&mut state, done), &["notify Signed in as ann at dev"]);
    assert_eq!(state.signing_in(&place("dev")), None);
}

#[test]
fn without_a_browser_the_token_is_asked_for_in_a_terminal() {
    let mut state = with_programs();
    state.programs.opener = None;
    state.on(Event::Asked(Action::SignIn(place("dev"))), NOW);
    check(&news(&mut state, SignInNews::NotOffered), &["launch /bin/xterm"]);
    assert_eq!(state.signing_in(&place("dev")), None);
}

#[test]
fn without_anything_that_opens_a_page_nobody_waits_for_it() {
    let mut state = with(Vec::new());
    state.on(Event::Asked(Action::SignIn(place("dev"))), NOW);
    check(&news(&mut state, opened()), &["stop signing in dev"]);
    assert!(state.troubles.iter().any(|(_, text)| text.contains("cannot be opened")), "{:?}", state.troubles);
}

#[test]
fn a_token_that_the_keyring_does_not_take_is_told_once_and_can_be_tried_again() {
    let mut state = with_programs();
    state.on(Event::Asked(Action::SignIn(place("dev"))), NOW);
    let unkept = || SignInNews::Unkept { why: "the keyring is locked".into() };
    let effects = news(&mut state, unkept());
    check(&effects, &["notify Signed in at dev, for now"]);
    let Effect::Notify(note) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(note.buttons, [("Try again".to_owned(), Action::KeepSession(place("dev")))]);
    check(&state.on(Event::Asked(Action::KeepSession(place("dev"))), NOW), &["keep session dev"]);
    check(&news(&mut state, unkept()), &[]);
    assert_eq!(state.signing_in(&place("dev")), Some(&SigningIn::Unkept("the keyring is locked".into())));
    let done = SignInNews::Done { user: "ann".into(), in_file: false };
    check(&news(&mut state, done), &["notify Signed in as ann at dev"]);
}

#[test]
fn a_sign_in_that_failed_says_why_and_offers_another() {
    let mut state = with_programs();
    state.on(Event::Asked(Action::SignIn(place("dev"))), NOW);
    let effects = news(&mut state, SignInNews::Failed { why: "refused".into() });
    check(&effects, &["notify Not signed in at dev"]);
    assert!(state.troubles.iter().any(|(_, text)| text == "Not signed in at dev: refused"), "{:?}", state.troubles);
}

#[test]
fn signing_out_and_reading_again_are_asked_of_the_shell() {
    let mut state = with_programs();
    check(&state.on(Event::Asked(Action::SignOut(place("dev"))), NOW), &["sign out dev"]);
    let unread = vec![Unread { place: Some(place("far")), why: "the keyring is locked".into() }];
    check(&state.on(Event::AccountsUnread(unread), NOW), &[]);
    check(&state.on(Event::Asked(Action::ReadSessions), NOW), &["read sessions"]);
}

#[test]
fn the_end_of_a_session_that_cannot_be_renewed_is_told_once_with_a_way_to_sign_in() {
    let mut state = with_programs();
    let ends = NOW + time::Duration::hours(23) + time::Duration::minutes(30);
    let effects = state.on(Event::SessionEnds(place("dev"), ends), NOW);
    check(&effects, &["notify Your session at dev ends in 24 hours"]);
    let Effect::Notify(note) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(note.buttons, [("Sign in".to_owned(), Action::SignIn(place("dev")))]);
    check(&state.on(Event::SessionEnds(place("dev"), ends), NOW + time::Duration::hours(6)), &[]);
    let later = ends + time::Duration::hours(1);
    check(&state.on(Event::SessionEnds(place("dev"), later), ends), &["notify Your session at dev ends in 1 hour"]);
    check(&state.on(Event::SessionEnds(place("gone"), ends), NOW), &[]);
}

#[test]
fn the_tunnel_is_told_a_renewed_session() {
    let mut state = with_programs();
    check(&state.on(Event::Renewed(place("dev")), NOW), &[]);
    state.on(super::super::tests::tunnel_of(&["dev"], &[]), NOW);
    check(&state.on(Event::Renewed(place("dev")), NOW), &["connect 1"]);
}

/// The lines of the menu, without those below others.
fn lines(state: &State) -> Vec<String> {
    let items = view(state, &Surroundings::default()).items;
    let line = |item| match item {
        Item::Line(label) | Item::Do { label, .. } | Item::AskWhere { label, .. } => Some(label),
        _ => None,
    };
    items.into_iter().filter_map(line).collect()
}

fn with_window() -> State {
    let mut state = with_programs();
    let programs = Programs { window: Some("/bin/homeport-window".into()), ..state.programs.clone() };
    state.on(Event::Found(programs), NOW);
    state
}

const QUESTION: &str = "Sign in at which deployment?";

#[test]
fn a_new_deployment_is_asked_for_in_the_window_until_an_address_is_given() {
    let mut state = with_window();
    let has = |state: &State, wanted: &str| lines(state).iter().any(|line| line == wanted);
    check(&state.on(Event::Asked(Action::AskWhere), NOW), &["launch /bin/homeport-window"]);
    assert!(has(&state, QUESTION) && has(&state, "Not now"), "{:?}", lines(&state));
    check(&state.on(Event::Asked(Action::AskNoMore), NOW), &[]);
    assert!(!has(&state, QUESTION) && !has(&state, "Not now"), "{:?}", lines(&state));

    state.on(Event::Asked(Action::AskWhere), NOW);
    for wrong in ["", "no address", "ftp://new", "https://ann:pw@new", &"x y".repeat(1000)] {
        check(&state.on(Event::Asked(Action::SignInAt(wrong.into())), NOW), &[]);
        assert_eq!(state.troubles.len(), 1, "said once, and without what was typed");
        assert!(state.troubles[0].1.ends_with("write it like dev.example.com"), "{:?}", state.troubles);
        assert!(has(&state, QUESTION), "it is asked again");
    }
    // With the page that the browser was at.
    let pasted = "https://new.example.com/workspaces?q=1#top";
    check(&state.on(Event::Asked(Action::SignInAt(pasted.into())), NOW), &["sign in new.example.com"]);
    assert!(
        !has(&state, QUESTION) && has(&state, "new.example.com") && has(&state, "Signing in…"),
        "{:?}",
        lines(&state)
    );
    let new = Place::of(&"https://new.example.com".parse().unwrap());
    check(&state.on(Event::SignIn(new.clone(), opened()), NOW), &["launch /bin/xdg-open"]);
    assert!(has(&state, "Say yes in the browser, on the page with the letters ABCD"), "{:?}", lines(&state));
    let done = SignInNews::Done { user: "ann".into(), in_file: false };
    check(&state.on(Event::SignIn(new, done), NOW), &["notify Signed in as ann at new.example.com"]);
    assert!(!has(&state, "new.example.com"), "{:?}", lines(&state));
}

#[test]
fn without_a_window_a_new_deployment_is_asked_for_in_a_terminal() {
    let mut state = with_programs();
    check(&state.on(Event::Asked(Action::AskWhere), NOW), &["launch /bin/xterm"]);
    assert!(!state.asks_where);
    // The window is there and does not work.
    let mut state = with_window();
    state.on(Event::Asked(Action::AskWhere), NOW);
    let failed = Event::WindowFailed { why: "no WebKit".into(), browser_instead: false };
    let expect = ["launch /bin/xterm", "Say(\"no WebKit\")", "notify A window of Homeport failed"];
    check(&state.on(failed.clone(), NOW), &expect);
    assert!(!state.asks_where);
    check(&state.on(failed, NOW), &[]);
}
