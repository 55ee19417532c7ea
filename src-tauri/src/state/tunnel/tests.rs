//! A service that ends and comes back.

use client::tunnel::Picture;

use crate::action::Action;
use crate::event::{Event, TunnelNews};
use crate::state::State;
use crate::state::tests::{NOW, check, tunnel_of, with};

fn empty(is_userspace: bool) -> Event {
    Event::Tunnel(TunnelNews::Is { picture: Picture::default(), is_userspace })
}

/// What is asked of a tunnel that came back empty, after these events.
fn asked_after(events: Vec<Event>, back: Event) -> (State, Vec<crate::effect::Effect>) {
    let mut state = with(Vec::new());
    for event in events {
        state.on(event, NOW);
    }
    let effects = state.on(back, NOW);
    (state, effects)
}

#[test]
fn a_service_that_was_started_anew_is_asked_for_what_it_reached() {
    let gone = || Event::Tunnel(TunnelNews::Absent);
    let silent = || Event::Tunnel(TunnelNews::Silent("it does not answer".into()));
    let switched = |is_on| Event::Asked(Action::Connect(is_on));
    let on = || tunnel_of(&["dev"], &[]);
    for lost in [vec![on(), gone()], vec![on(), silent(), gone(), silent()], vec![empty(false), switched(true), gone()]]
    {
        let (mut state, effects) = asked_after(lost, empty(false));
        check(&effects, &["connect 1"]);
        assert_eq!((state.is_connected(), state.tunnel.asked), (true, Some(true)), "the switch shows it");
        check(&state.on(empty(false), NOW), &[]);
        check(&state.on(on(), NOW), &[]);
    }
    let not_again = [
        // Never on, switched off before, while, or by somebody else.
        vec![gone()],
        vec![empty(false), gone()],
        vec![on(), switched(false), gone()],
        vec![on(), gone(), switched(false)],
        vec![on(), empty(false), gone()],
        vec![on()],
    ];
    for events in not_again {
        let said = format!("{events:?}");
        let (state, effects) = asked_after(events, empty(false));
        assert!(effects.is_empty() && !state.is_connected(), "{said}: {effects:?}");
    }
    check(&asked_after(vec![on(), gone()], empty(true)).1, &[]);
    check(&asked_after(vec![on(), gone()], on()).1, &[]);
}
