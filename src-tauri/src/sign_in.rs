//! Signing in by the browser, keeping what came of it, and signing out: the outside of `state/sign_in.rs`. Each runs by
//! itself; nothing here holds the menu up.

use std::collections::BTreeMap;

use client::error::with_causes;
use client::hand_off::{self, HandOffError};
use client::sessions::{Kept, Store};
use client::{ClientError, Deployment};
use proto::secret::Secret;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::clipboard;
use crate::event::{Event, SignInNews};
use crate::place::Place;
use crate::sessions::Sessions;

/// Those who are asked in the browser, at most one per deployment.
pub struct SignIns {
    store: Store,
    sessions: Sessions,
    events: mpsc::Sender<Event>,
    waiting: BTreeMap<Place, AbortHandle>,
}

impl SignIns {
    pub fn new(store: Store, sessions: Sessions, events: mpsc::Sender<Event>) -> Self {
        Self { store, sessions, events, waiting: BTreeMap::new() }
    }

    /// Asks a person in the browser, instead of one who was asked before.
    pub fn start(&mut self, place: Place) {
        let (store, sessions, events, at) =
            (self.store.clone(), self.sessions.clone(), self.events.clone(), place.clone());
        self.run(place, async move {
            match sign_in(&at, &events).await {
                Ok(None) => SignInNews::NotOffered,
                Ok(Some(signed_in)) => {
                    sessions.hold(&at, &signed_in.token, signed_in.user.username);
                    keep(&store, &sessions, &at).await
                }
                Err(error) => SignInNews::Failed { why: with_causes(&error) },
            }
        });
    }

    /// Signs in with the token that a person copied; one that signs in is taken out of the clipboard.
    pub fn start_with_copied(&mut self, place: Place) {
        let (store, sessions, at) = (self.store.clone(), self.sessions.clone(), place.clone());
        self.run(place, async move {
            match use_copied(&sessions, &at).await {
                Ok(()) => keep(&store, &sessions, &at).await,
                Err(why) => SignInNews::NotCopied { why },
            }
        });
    }

    fn run(&mut self, place: Place, news: impl Future<Output = SignInNews> + Send + 'static) {
        self.stop(&place);
        let (events, at) = (self.events.clone(), place.clone());
        let task = tokio::spawn(async move {
            let news = news.await;
            let _ = events.send(Event::SignIn(at, news)).await;
        });
        self.waiting.insert(place, task.abort_handle());
    }

    /// Waits no more.
    pub fn stop(&mut self, place: &Place) {
        if let Some(task) = self.waiting.remove(place) {
            task.abort();
        }
    }

    /// Tries again to keep a session that is only held.
    pub fn keep(&self, place: Place) {
        let (store, sessions, events) = (self.store.clone(), self.sessions.clone(), self.events.clone());
        client::sessions::keyring::ask_again();
        tokio::spawn(async move {
            let news = keep(&store, &sessions, &place).await;
            let _ = events.send(Event::SignIn(place, news)).await;
        });
    }

    /// Ends the session at a deployment, there and here.
    pub fn sign_out(&self, place: Place) {
        let (store, sessions, events) = (self.store.clone(), self.sessions.clone(), self.events.clone());
        tokio::spawn(async move {
            if let Err(why) = sign_out(&store, &sessions, &place).await {
                let _ = events.send(Event::Trouble(why)).await;
            }
            sessions.read_again();
        });
    }
}

async fn sign_in(place: &Place, events: &mpsc::Sender<Event>) -> Result<Option<hand_off::SignedIn>, HandOffError> {
    let url = place.url().ok_or_else(|| ClientError::Request("the deployment has no URL".into()))?;
    let stranger = Deployment::anonymous(url)?;
    // Something else may answer there.
    stranger.build_info().await?;
    if !hand_off::is_offered(&stranger).await? {
        return Ok(None);
    }
    let show = |page: &url::Url, word: &str| {
        let news = SignInNews::Opened { page: page.to_string(), word: word.to_owned() };
        // A queue of a thousand is full only when nothing moves any more.
        let _ = events.try_send(Event::SignIn(place.clone(), news));
    };
    hand_off::sign_in(&stranger, show).await.map(Some)
}

/// Holds the session of the token in the clipboard, which is taken out of it.
async fn use_copied(sessions: &Sessions, place: &Place) -> Result<(), String> {
    let copied = clipboard::paste().await?;
    let token =
        token_of(&copied).ok_or("There is no token in the clipboard: copy it from the page of the deployment")?;
    let url = place.url().ok_or("the deployment has no URL")?;
    let me = match Deployment::new(url, token.clone()).map_err(|error| with_causes(&error))?.user("me").await {
        Err(error) if error.status() == Some(401) => {
            return Err(format!("{} does not accept the token in the clipboard: copy a new one", place.host()));
        }
        answer => answer.map_err(|error| with_causes(&error))?,
    };
    sessions.hold(place, &token, me.username);
    clipboard::forget(&copied).await;
    Ok(())
}

/// A token as deployments write it (rest-api.md, "Auth": ten characters, a dash, 22 more). Nothing else that somebody
/// copied may go to a deployment: it could be the password of something.
fn token_of(copied: &str) -> Option<Secret> {
    let copied = copied.trim();
    let (id, secret) = copied.split_once('-')?;
    let is_part = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_part(id, 10) && is_part(secret, 22)).then(|| Secret::new(copied))
}

/// Keeps what is held. The command line's choice of a deployment stays, where there is one.
async fn keep(store: &Store, sessions: &Sessions, place: &Place) -> SignInNews {
    let Some((token, user)) = sessions.held(place) else {
        return SignInNews::Failed { why: "the session is gone".into() };
    };
    let news = match kept(store, place, &token).await {
        Ok(kept) => {
            sessions.let_go(place);
            SignInNews::Done { user, in_file: matches!(kept, Kept::File(_)) }
        }
        Err(why) => SignInNews::Unkept { why },
    };
    sessions.read_again();
    news
}

async fn kept(store: &Store, place: &Place, token: &Secret) -> Result<Kept, String> {
    let url = place.url().ok_or("the deployment has no URL")?;
    let kept = store.keep(&url, token).await.map_err(|error| with_causes(&error))?;
    let known = store.known().map_err(|error| with_causes(&error))?;
    if known.iter().all(|known| !known.is_current) {
        store.select(&url).map_err(|error| with_causes(&error))?;
    }
    Ok(kept)
}

async fn sign_out(store: &Store, sessions: &Sessions, place: &Place) -> Result<(), String> {
    let url = place.url().ok_or("the deployment has no URL")?;
    let known = store.known().map_err(|error| with_causes(&error))?;
    let is_held = sessions.held(place).is_some();
    if !is_held && known.iter().all(|known| known.url.origin() != url.origin()) {
        return Err(format!("The session at {} is of Coder's own command: `coder logout` ends it", place.host()));
    }
    let told = match sessions.at(place) {
        Some((deployment, _)) => deployment.log_out().await.err().filter(|error| error.status() != Some(401)),
        None => None,
    };
    sessions.let_go(place);
    let left = store.forget(&url).await.map_err(|error| with_causes(&error))?;
    match (told, left) {
        (Some(error), _) => Err(format!("{} was not told of the sign-out: {}", place.host(), with_causes(&error))),
        (None, Some(error)) => Err(format!("The keyring still holds the old token of {}: {error}", place.host())),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
