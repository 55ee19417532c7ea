//! The submenu of accounts: who is signed in where, and signing in and out. Pure.

use crate::action::Action;
use crate::event::{Account, Unread};
use crate::menu::{Item, title};
use crate::place::Place;
use crate::state::{SigningIn, State};

pub(super) fn menu(state: &State) -> Item {
    let mut items = Vec::new();
    for Account { place, is_local } in &state.accounts {
        let deployment = state.deployments.get(place);
        let listing = deployment.and_then(|deployment| deployment.listing.as_ref());
        let user = listing.map_or_else(|| "not known yet".to_owned(), |listing| format!("as {}", listing.user));
        items.push(Item::line(&format!("{}, {user}", title(place, *is_local))));
        if !is_local {
            items.extend(sign_in(state, place));
            items.push(Item::of(&format!("Sign out at {}", place.host()), Action::SignOut(place.clone())));
        }
    }
    for Unread { place, why } in &state.accounts_unread {
        items.push(Item::line(&format!(
            "▲ {}{why}",
            place.as_ref().map_or_else(String::new, |place| place.host() + ": ")
        )));
        let is_listed = |place: &Place| state.accounts.iter().any(|account| account.place == *place);
        if let Some(place) = place.as_ref().filter(|place| !is_listed(place)) {
            items.extend(sign_in(state, place));
            items.push(Item::of(&format!("Sign out at {}", place.host()), Action::SignOut(place.clone())));
        }
    }
    if !state.accounts_unread.is_empty() {
        items.push(Item::of("Try to read the sessions again", Action::ReadSessions));
    }
    items.extend([Item::Separator, elsewhere()]);
    Item::more("Accounts", items)
}

/// Signing in at a deployment that is not known yet.
pub(super) fn elsewhere() -> Item {
    Item::of("Sign in at a deployment…", Action::AskWhere)
}

/// The question for its address, and what became of the answers.
pub(super) fn beginnings(state: &State) -> Vec<Item> {
    let mut items = Vec::new();
    if state.asks_where {
        let (label, hint) = ("Sign in at which deployment?".into(), "dev.example.com".into());
        items.extend([Item::AskWhere { label, hint }, Item::of("Not now", Action::AskNoMore)]);
    }
    for place in state.strangers() {
        items.push(Item::line(&place.host()));
        items.extend(sign_in(state, place));
    }
    items
}

/// Signing in at a deployment, or what is waited for.
pub(super) fn sign_in(state: &State, place: &Place) -> Vec<Item> {
    match state.signing_in(place) {
        None => vec![Item::of(&format!("Sign in again at {}", place.host()), Action::SignIn(place.clone()))],
        Some(SigningIn::Asking) => vec![Item::line("Signing in…")],
        Some(SigningIn::Waiting(word)) => vec![
            Item::line(&format!("Say yes in the browser, on the page with the letters {word}")),
            Item::of("Wait no more for it", Action::StopSigningIn(place.clone())),
        ],
        Some(SigningIn::Copying) => vec![
            Item::line("Copy the token that the browser shows, then:"),
            Item::of("Use the copied token", Action::UseCopied(place.clone())),
            Item::of("Show the page again", Action::SignIn(place.clone())),
            Item::of("Ask for the token in a terminal", Action::Open(State::login_in_terminal(place))),
            Item::of("Wait no more for it", Action::StopSigningIn(place.clone())),
        ],
        Some(SigningIn::Unkept(why)) => vec![
            Item::line(&format!("▲ Signed in until this program ends: {why}")),
            Item::of("Try to keep the session again", Action::KeepSession(place.clone())),
        ],
    }
}
