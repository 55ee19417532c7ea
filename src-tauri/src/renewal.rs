//! Looks after the session at one deployment: replaces its key before it ends, or says that it will. What is done when is
//! decided by `client::sessions::expiry`.

use std::time::Duration;

use client::sessions::Store;
use client::sessions::expiry::{self, Attempt, Life, Step};
use client::{ClientError, Deployment};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::event::Event;
use crate::place::Place;
use crate::sessions::Sessions;

/// After a deployment that did not answer.
const RETRY: Duration = Duration::from_secs(15 * 60);
/// How long the old key still works beside the new one: the tunnel is told the new one meanwhile.
const OVERLAP: Duration = Duration::from_secs(10);
/// Sleeping longer would miss a machine's own sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60);

/// Somebody who looks after a session; ends when it is dropped.
pub struct Renewal(JoinHandle<()>);

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Renewal {
    pub fn start(
        place: Place,
        deployment: Deployment,
        store: Store,
        sessions: Sessions,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self(tokio::spawn(Keeper { place, deployment, store, sessions, events }.run()))
    }
}

struct Keeper {
    place: Place,
    deployment: Deployment,
    store: Store,
    sessions: Sessions,
    events: mpsc::Sender<Event>,
}

impl Keeper {
    async fn run(self) {
        let id = self.deployment.token().and_then(|token| expiry::key_id(token.expose()).map(str::to_owned));
        let Some(id) = id else { return };
        let mut attempt = Attempt::None;
        loop {
            let life = match self.deployment.key(&id).await {
                Ok(key) => Life { ends: key.expires_at.0, lifetime: time::Duration::seconds(key.lifetime_seconds) },
                // The list says so too.
                Err(error) if error.status() == Some(401) => return,
                Err(error) => {
                    tracing::debug!(place = self.place.as_str(), %error, "the end of the session is not known");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            match expiry::next(life, attempt, OffsetDateTime::now_utc()) {
                Step::Renew => match self.renew(&id).await {
                    // Whoever follows looks after the new one.
                    Ok(()) => return,
                    Err(failed) => attempt = failed,
                },
                Step::Over => return,
                Step::LookAt(then) => {
                    sleep_until(then).await;
                    attempt = again(attempt);
                }
                Step::Warn(then) => {
                    let _ = self.events.send(Event::SessionEnds(self.place.clone(), life.ends)).await;
                    sleep_until(then).await;
                    attempt = again(attempt);
                }
            }
        }
    }

    async fn renew(&self, old: &str) -> Result<(), Attempt> {
        // A session of Coder's own command is not ours to replace, and one that is not stored yet is young.
        let known = self.store.known().map_err(|_| Attempt::Failed)?;
        let url = known.into_iter().map(|known| known.url).find(|url| url.origin() == self.deployment.url().origin());
        let url = url.ok_or(Attempt::Refused)?;
        let token = self.deployment.create_key().await.map_err(|error| verdict(&error))?;
        let renewed = Deployment::new(url.clone(), token.clone()).map_err(|error| verdict(&error))?;
        if let Err(error) = self.store.keep(&url, &token).await {
            tracing::warn!(place = self.place.as_str(), %error, "a new key could not be kept");
            // One that nobody knows must not lie around.
            if let Some(id) = expiry::key_id(token.expose()) {
                let _ = self.deployment.delete_key(id).await;
            }
            return Err(Attempt::Failed);
        }
        self.sessions.read_again();
        let _ = self.events.send(Event::Renewed(self.place.clone())).await;
        let old = old.to_owned();
        // By itself: we end as soon as the new key is followed.
        tokio::spawn(async move {
            tokio::time::sleep(OVERLAP).await;
            if let Err(error) = renewed.delete_key(&old).await {
                tracing::debug!(%error, "the old key stays until its end");
            }
        });
        Ok(())
    }
}

/// A deployment that says no says so again; everything else may pass.
fn verdict(error: &ClientError) -> Attempt {
    match error.status() {
        Some(400..=499) if error.status() != Some(429) => Attempt::Refused,
        _ => Attempt::Failed,
    }
}

fn again(attempt: Attempt) -> Attempt {
    if attempt == Attempt::Failed { Attempt::None } else { attempt }
}

/// Until a time of the calendar, also when the machine slept meanwhile.
async fn sleep_until(then: OffsetDateTime) {
    loop {
        let left = then - OffsetDateTime::now_utc();
        let Ok(left) = Duration::try_from(left) else { return };
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
    }
}
