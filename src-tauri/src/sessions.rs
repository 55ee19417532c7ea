//! Which deployments there is a session at: those the command line stored, and this computer's own server. Looks at the
//! files every two seconds; the keyring is asked only when one changed.
//!
//! Tokens stay here and in what is made of them; the state knows places only.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use client::Deployment;
use client::sessions::{Session, Source, local};
use tokio::sync::{Notify, mpsc};

use crate::event::{Account, Event};
use crate::host;
use crate::paths::Paths;
use crate::place::Place;

/// Between two looks at a few files' times.
const LOOK: Duration = Duration::from_secs(2);
/// Between two attempts at a keyring that does not answer.
const RETRY: Duration = Duration::from_secs(30);

/// The sessions, for whoever talks to a deployment.
#[derive(Clone, Default)]
pub struct Sessions {
    known: Arc<Mutex<BTreeMap<Place, (Deployment, bool)>>>,
    /// Rung when it is worth looking at once.
    pub bell: Arc<Notify>,
}

impl Sessions {
    /// The deployment at a place, and whether it is this computer's own.
    pub fn at(&self, place: &Place) -> Option<(Deployment, bool)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(place).cloned()
    }

    /// Looks for as long as the program runs.
    pub fn follow(&self, paths: Paths, events: mpsc::Sender<Event>) {
        let sessions = self.clone();
        tokio::spawn(async move {
            let files = paths.session_files();
            let (mut seen, mut was_unread, mut again) = (None, false, tokio::time::Instant::now());
            loop {
                let now = times(&files, &paths);
                if seen.as_ref() != Some(&now) || (was_unread && again <= tokio::time::Instant::now()) {
                    was_unread = sessions.read(&paths, &events).await;
                    again = tokio::time::Instant::now() + RETRY;
                    seen = Some(now);
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = sessions.bell.notified() => {}
                }
            }
        });
    }

    /// Reads all sessions; whether some could not be read.
    async fn read(&self, paths: &Paths, events: &mpsc::Sender<Event>) -> bool {
        let (stored, why) = match paths.sessions().all().await {
            Ok(stored) => (stored, None),
            Err(error) => (Vec::new(), Some(format!("A stored session cannot be read: {error}"))),
        };
        let was_unread = why.is_some();
        // A server that is gone may have left its port to a stranger, who must not see the token.
        let own = host::holder(&paths.data).and_then(|_| local::load(&paths.data));
        let accounts = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let found = merged(own, stored);
            // A locked keyring delays, it does not forget.
            known.retain(|place, (_, is_local)| {
                found.iter().any(|(other, _)| other.place == *place) || (was_unread && !*is_local)
            });
            for (account, session) in found {
                if let Ok(deployment) = Deployment::new(session.url, session.token) {
                    known.insert(account.place, (deployment, account.is_local));
                }
            }
            known.iter().map(|(place, (_, is_local))| Account { place: place.clone(), is_local: *is_local }).collect()
        };
        let _ = events.send(Event::AccountsUnread(why)).await;
        let _ = events.send(Event::Accounts(accounts)).await;
        was_unread
    }
}

/// One session per deployment. Of two the stored one counts: it may be another account than the local server's.
fn merged(own: Option<Session>, stored: Vec<Session>) -> Vec<(Account, Session)> {
    let own_origin = own.as_ref().map(|session| session.url.origin());
    let mut found: Vec<(Account, Session)> = Vec::new();
    for session in stored.into_iter().chain(own) {
        let origin = session.url.origin();
        let is_local = matches!(session.source, Source::Local(_)) || Some(&origin) == own_origin.as_ref();
        if found.iter().all(|(_, known)| known.url.origin() != origin) {
            found.push((Account { place: Place::of(&session.url), is_local }, session));
        }
    }
    found
}

/// What changes when a session may have changed: times of the files, and whether the server is there.
fn times(files: &[PathBuf], paths: &Paths) -> (Vec<Option<SystemTime>>, Option<u32>) {
    let times = files.iter().map(|file| file.metadata().and_then(|about| about.modified()).ok()).collect();
    (times, host::holder(&paths.data))
}
