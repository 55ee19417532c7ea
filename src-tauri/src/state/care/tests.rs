//! A bundle is made once at a time, and its end is told with the next step.

use std::path::Path;

use crate::action::Action;
use crate::effect::{Effect, Note};
use crate::event::Event;
use crate::open::{Programs, Target};
use crate::state::tests::{NOW, with};

fn only_note(effects: Vec<Effect>) -> Note {
    match <[Effect; 1]>::try_from(effects) {
        Ok([Effect::Notify(note)]) => note,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_support_bundle_is_made_once_at_a_time_and_shown_in_its_folder() {
    let mut state = with(Vec::new());
    assert!(state.on(Event::Asked(Action::MakeBundle), NOW).is_empty());
    assert!(state.troubles[0].1.contains("homeport is not installed"), "{:?}", state.troubles);

    state.on(Event::Found(Programs { homeport: Some("/opt/homeport".into()), ..Programs::default() }), NOW);
    let effects = state.on(Event::Asked(Action::MakeBundle), NOW);
    assert!(matches!(&effects[..], [Effect::MakeBundle(program)] if program.as_path() == Path::new("/opt/homeport")));
    assert!(state.on(Event::Asked(Action::MakeBundle), NOW).is_empty(), "one at a time");
    let note = only_note(state.on(Event::Bundled(Ok("/home/ann/Downloads/b.tar.gz".into())), NOW));
    assert!(note.body.contains("b.tar.gz"), "{note:?}");
    assert_eq!(note.buttons, [("Show in folder".into(), Action::Open(Target::File("/home/ann/Downloads".into())))]);

    assert_eq!(state.on(Event::Asked(Action::MakeBundle), NOW).len(), 1, "again");
    let note = only_note(state.on(Event::Bundled(Err("no space".into())), NOW));
    assert_eq!(note.body, "no space");
    assert_eq!(note.buttons, [("Try again".into(), Action::MakeBundle)]);
}
