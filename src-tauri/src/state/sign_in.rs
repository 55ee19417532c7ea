//! Signing in and out from here: what is waited for, what came of it, and sessions that could not be read. Pure.

use client::deployment::parse_url;
use time::OffsetDateTime;

use crate::action::Action;
use crate::effect::{Effect, Note};
use crate::event::SignInNews;
use crate::open::{Target, plan};
use crate::place::Place;
use crate::state::State;

/// A sign-in that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningIn {
    /// The deployment is asked what it offers.
    Asking,
    /// A person is asked in the browser, on the page with these letters.
    Waiting(String),
    /// A person copies a token from the deployment's own page: it has none that answers us.
    Copying,
    /// Signed in, and the keyring does not take the token: it is lost when this program ends.
    Unkept(String),
}

impl State {
    /// Where a sign-in stands.
    pub fn signing_in(&self, place: &Place) -> Option<&SigningIn> {
        self.signing_in.get(place)
    }

    pub(super) fn sign_in(&mut self, place: Place) -> Vec<Effect> {
        // A second click opens a second page; the first one's answer would find nobody.
        self.signing_in.insert(place.clone(), SigningIn::Asking);
        vec![Effect::SignIn(place)]
    }

    /// Asks in the window of the menu, which has a field for it; without one, our command asks in a terminal.
    pub(super) fn ask_where(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        match self.menu_window() {
            Some(window) => {
                self.asks_where = true;
                vec![window]
            }
            None => self.ask_in_terminal(now),
        }
    }

    pub(super) fn ask_in_terminal(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        self.asks_where = false;
        self.open(Target::Tool(vec!["login".into()]), now)
    }

    /// An address that is none is asked again.
    pub(super) fn sign_in_at(&mut self, text: &str, now: OffsetDateTime) -> Vec<Effect> {
        let Some(mut url) = parse_url(text) else {
            // What was typed is in the field still; somebody may have written a password into it.
            self.trouble("That is not the address of a deployment: write it like dev.example.com".into(), now);
            return Vec::new();
        };
        // What a browser shows is pasted with the page that it is at.
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        self.asks_where = false;
        self.sign_in(Place::of(&url))
    }

    /// Sign-ins at deployments that no session is known of yet.
    pub fn strangers(&self) -> impl Iterator<Item = &Place> {
        let is_known = |place: &Place| {
            let unread = self.accounts_unread.iter().filter_map(|unread| unread.place.as_ref());
            self.accounts.iter().map(|account| &account.place).chain(unread).any(|known| known == place)
        };
        self.signing_in.keys().filter(move |place| !is_known(place))
    }

    pub(super) fn stop_signing_in(&mut self, place: Place) -> Vec<Effect> {
        self.signing_in.remove(&place);
        vec![Effect::StopSigningIn(place)]
    }

    pub(super) fn sign_in_news(&mut self, place: Place, news: SignInNews, now: OffsetDateTime) -> Vec<Effect> {
        match news {
            SignInNews::Opened { page, word } => {
                self.signing_in.insert(place.clone(), SigningIn::Waiting(word));
                let effects = self.open(Target::Address(page), now);
                if effects.is_empty() {
                    // Nothing here opens addresses; the reason is in the menu already.
                    return self.stop_signing_in(place);
                }
                effects
            }
            SignInNews::NotOffered => self.have_copied(place, now),
            SignInNews::NotCopied { why } => {
                self.trouble(why, now);
                Vec::new()
            }
            SignInNews::Done { user, in_file } => {
                self.signing_in.remove(&place);
                let body = match in_file {
                    true => "There is no keyring here: the token is in a file that only you can read.".into(),
                    false => String::new(),
                };
                let title = format!("Signed in as {user} at {}", place.host());
                vec![Effect::Notify(Note { title, body, buttons: Vec::new(), is_urgent: false })]
            }
            SignInNews::Unkept { why } => {
                // Trying again in vain is no news.
                let is_known = matches!(self.signing_in.get(&place), Some(SigningIn::Unkept(_)));
                self.signing_in.insert(place.clone(), SigningIn::Unkept(why.clone()));
                if is_known {
                    return Vec::new();
                }
                let title = format!("Signed in at {}, for now", place.host());
                let body = format!("{why}. Until it takes the token, the session is lost when this program ends.");
                let buttons = vec![("Try again".into(), Action::KeepSession(place))];
                vec![Effect::Notify(Note { title, body, buttons, is_urgent: true })]
            }
            SignInNews::Failed { why } => {
                self.signing_in.remove(&place);
                self.trouble(format!("Not signed in at {}: {why}", place.host()), now);
                let title = format!("Not signed in at {}", place.host());
                let buttons = vec![("Sign in".into(), Action::SignIn(place))];
                vec![Effect::Notify(Note { title, body: why, buttons, is_urgent: false })]
            }
        }
    }

    /// Shows the page of the deployment that makes a token, and waits until a person has copied it. Where nothing shows
    /// pages, our command asks in a terminal.
    fn have_copied(&mut self, place: Place, now: OffsetDateTime) -> Vec<Effect> {
        let page = place.page(&["cli-auth"]).map(|page| Target::Address(page.into()));
        let shown = page.and_then(|page| plan(page, &self.programs).ok());
        let Some(shown) = shown else {
            self.signing_in.remove(&place);
            return self.open(Self::login_in_terminal(&place), now);
        };
        self.signing_in.insert(place.clone(), SigningIn::Copying);
        let title = format!("Copy the token that {} shows", place.host());
        let body = "It is taken from the clipboard when you say so, here or in the menu.".into();
        let buttons = vec![("Use the copied token".into(), Action::UseCopied(place))];
        vec![Effect::Launch(shown), Effect::Notify(Note { title, body, buttons, is_urgent: false })]
    }

    /// Our command asks for the token.
    pub fn login_in_terminal(place: &Place) -> Target {
        Target::Tool(vec!["login".into(), place.as_str().to_owned()])
    }

    /// Told once for each end; a session that was renewed or begun anew has another.
    pub(super) fn session_ends(&mut self, place: Place, ends: OffsetDateTime, now: OffsetDateTime) -> Vec<Effect> {
        let Some(deployment) = self.deployments.get_mut(&place) else { return Vec::new() };
        if deployment.ends.replace(ends) == Some(ends) {
            return Vec::new();
        }
        let hours = ((ends - now).whole_minutes() + 59) / 60;
        let title =
            format!("Your session at {} ends in {hours} hour{}", place.host(), if hours == 1 { "" } else { "s" });
        vec![Effect::Notify(Self::sign_in_note(
            &place,
            title,
            "It could not be renewed from here. Sign in again before.",
        ))]
    }

    /// A session that is over, or about to be.
    pub(super) fn sign_in_note(place: &Place, title: String, body: &str) -> Note {
        let buttons = vec![("Sign in".into(), Action::SignIn(place.clone()))];
        Note { title, body: body.into(), buttons, is_urgent: false }
    }
}

#[cfg(test)]
mod tests;
