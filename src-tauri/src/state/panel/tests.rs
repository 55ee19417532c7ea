//! With and without a panel, a program for windows and a person who looks.

use super::*;
use crate::event::Event;
use crate::open::Programs;
use crate::state::tests::{NOW, check};

fn with_window(is_quiet: bool) -> State {
    let mut state = State::default();
    let window = Some("/bin/homeport-window".into());
    state.on(Event::Found(Programs { window, ..Programs::default() }), NOW);
    if is_quiet {
        state.on(Event::Quiet, NOW);
    }
    state
}

fn no_bus() -> Event {
    Event::Tray(TrayNews::NoBus("refused".into()))
}

#[test]
fn a_missing_panel_and_a_missing_bus_are_told_once() {
    let mut state = State::default();
    let effects = state.on(Event::Tray(TrayNews::NoHost), NOW);
    assert!(matches!(effects[..], [Effect::Say(_), Effect::Notify(_)]), "{effects:?}");
    assert!(state.on(Event::Tray(TrayNews::NoHost), NOW).is_empty());
    assert!(matches!(state.on(no_bus(), NOW)[..], [Effect::Say(_)]));
    assert!(state.on(no_bus(), NOW).is_empty());
    state.on(Event::Tray(TrayNews::Shown), NOW);
    assert_eq!(state.on(no_bus(), NOW).len(), 1, "gone again");
}

#[test]
fn a_desktop_without_a_panel_or_a_bus_gets_the_menu_in_a_window() {
    for news in [Event::Tray(TrayNews::NoHost), no_bus()] {
        let effects = with_window(false).on(news, NOW);
        let [Effect::Say(_), Effect::Launch(launch)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(
            (launch.program.as_os_str(), &launch.arguments[..]),
            ("/bin/homeport-window".as_ref(), &["--menu".to_owned()][..])
        );
    }
    // A panel that starts anew is no reason for a window; the notification leads to one.
    let mut state = with_window(false);
    state.on(Event::Tray(TrayNews::Shown), NOW);
    let effects = state.on(Event::Tray(TrayNews::NoHost), NOW);
    let [Effect::Say(_), Effect::Notify(note)] = &effects[..] else { panic!("{effects:?}") };
    assert!(matches!(&note.buttons[0], (text, Action::Open(Target::Menu)) if text == "Show the menu"), "{note:?}");
    assert!(matches!(state.on(no_bus(), NOW)[..], [Effect::Say(_)]));
}

#[test]
fn nothing_opens_by_itself_at_login_and_a_second_start_opens_the_menu() {
    let mut state = with_window(true);
    let effects = state.on(Event::Tray(TrayNews::NoHost), NOW);
    assert!(matches!(effects[..], [Effect::Say(_), Effect::Notify(_)]), "{effects:?}");
    check(&state.on(Event::StartedAgain, NOW), &["launch /bin/homeport-window"]);
    state.on(Event::Tray(TrayNews::Shown), NOW);
    check(&state.on(Event::StartedAgain, NOW), &["notify Homeport runs already"]);
    check(&State::default().on(Event::StartedAgain, NOW), &["notify Homeport runs already"]);
    check(&state.on(Event::Asked(Action::Open(Target::Menu)), NOW), &["launch /bin/homeport-window"]);
}
