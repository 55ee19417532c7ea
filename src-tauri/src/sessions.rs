//! Which deployments there is a session at: those that are stored, those that the keyring did not take yet, and this
//! computer's own server. Looks at the files every two seconds; the keyring is asked only when one changed, when a person
//! wants it, or when one that was silent may answer now.
//!
//! Tokens stay here and in what is made of them; the state knows places only.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use client::Deployment;
use client::sessions::{All, Session, SessionError, Source, keyring, local};
use proto::secret::Secret;
use tokio::sync::{Notify, mpsc};

use crate::event::{Account, Event, Unread};
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
    /// Signed in and not stored: token and user.
    held: Arc<Mutex<BTreeMap<Place, (Secret, String)>>>,
    /// Rung when it is worth looking at once.
    pub bell: Arc<Notify>,
    reads_again: Arc<AtomicBool>,
}

impl Sessions {
    /// The deployment at a place, and whether it is this computer's own.
    pub fn at(&self, place: &Place) -> Option<(Deployment, bool)> {
        lock(&self.known).get(place).cloned()
    }

    /// Reads everything again, whatever the files say.
    pub fn read_again(&self) {
        self.reads_again.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Uses a session that is not stored.
    pub fn hold(&self, place: &Place, token: &Secret, user: String) {
        lock(&self.held).insert(place.clone(), (token.clone(), user));
        self.read_again();
    }

    /// A session that is not stored, and whose it is.
    pub fn held(&self, place: &Place) -> Option<(Secret, String)> {
        lock(&self.held).get(place).cloned()
    }

    /// It is stored now, or not wanted any more.
    pub fn let_go(&self, place: &Place) {
        lock(&self.held).remove(place);
    }

    /// Looks for as long as the program runs.
    pub fn follow(&self, paths: Paths, events: mpsc::Sender<Event>) {
        let sessions = self.clone();
        tokio::spawn(async move {
            let files = paths.session_files();
            let (mut seen, mut may_pass, mut again) = (None, false, tokio::time::Instant::now());
            loop {
                let now = times(&files, &paths);
                let is_asked = sessions.reads_again.swap(false, Ordering::Relaxed);
                if is_asked || seen.as_ref() != Some(&now) || (may_pass && again <= tokio::time::Instant::now()) {
                    may_pass = sessions.read(&paths, &events).await;
                    again = tokio::time::Instant::now() + RETRY;
                    seen = Some(now);
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = sessions.bell.notified() => {}
                    () = keyring::answered() => sessions.reads_again.store(true, Ordering::Relaxed),
                }
            }
        });
    }

    /// Reads all sessions; whether some could not be read and may be by themselves later.
    async fn read(&self, paths: &Paths, events: &mpsc::Sender<Event>) -> bool {
        let All { sessions: stored, unread } = paths.sessions().all().await;
        let passes = |error: &SessionError| matches!(error, SessionError::Keyring(error) if error.may_pass());
        let may_pass = unread.iter().any(|(_, error)| passes(error));
        let unread: Vec<Unread> = unread
            .into_iter()
            .map(|(url, error)| Unread { place: url.as_ref().map(Place::of), why: error.to_string() })
            .collect();
        // A server that is gone may have left its port to a stranger, who must not see the token.
        let own = host::holder(&paths.data).and_then(|_| local::load(&paths.data));
        let accounts = {
            let session = |(place, (token, _)): (&Place, &(Secret, String))| {
                Some(Session { url: place.url()?, token: token.clone(), source: Source::Keyring })
            };
            let mut sessions: Vec<Session> = lock(&self.held).iter().filter_map(session).collect();
            sessions.extend(stored);
            let found = merged(own, sessions);
            let mut known = lock(&self.known);
            // A locked keyring delays, it does not forget.
            let is_delayed = |place: &Place| unread.iter().any(|one| one.place.as_ref().is_none_or(|at| at == place));
            known.retain(|place, (_, is_local)| {
                found.iter().any(|(other, _)| other.place == *place) || (!*is_local && is_delayed(place))
            });
            for (account, session) in found {
                if let Ok(deployment) = Deployment::new(session.url, session.token) {
                    known.insert(account.place, (deployment, account.is_local));
                }
            }
            known.iter().map(|(place, (_, is_local))| Account { place: place.clone(), is_local: *is_local }).collect()
        };
        let _ = events.send(Event::AccountsUnread(unread)).await;
        let _ = events.send(Event::Accounts(accounts)).await;
        may_pass
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One session per deployment. Of two the first counts, and the local server's last: the stored one may be another account.
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
