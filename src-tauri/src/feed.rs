//! The list of one deployment, kept up to date with the tunnel off: REST for what is shown, and one stream of the
//! deployment (workspace updates) that says when to look again. Servers without that stream are asked now and then.

use std::sync::Arc;
use std::time::Duration;

use client::error::with_causes;
use client::{ClientError, Deployment, TailnetApi};
use proto::id::UserId;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::backoff::Backoff;
use crate::event::{Event, Fault, Listing};
use crate::place::Place;
use crate::row::Row;

/// The workspaces that are shown.
const SEARCH: &str = "owner:me";
/// While a workspace settles, its daemon's state is in the list only.
const SOON: Duration = Duration::from_secs(1);
/// Otherwise for what no stream tells: deadlines, new versions of templates, daemons that left.
const LATER: Duration = Duration::from_secs(30);
/// Changes come in bursts.
const GATHER: Duration = Duration::from_millis(100);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// A deployment that is watched; ends when it is dropped.
pub struct Feed {
    tasks: [JoinHandle<()>; 2],
    bell: Arc<Notify>,
    token: proto::secret::Secret,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Feed {
    pub fn start(place: Place, deployment: Deployment, events: mpsc::Sender<Event>) -> Self {
        let bell = Arc::new(Notify::new());
        let token = deployment.token().cloned().unwrap_or_else(|| proto::secret::Secret::new(""));
        let (me, known) = tokio::sync::watch::channel(None);
        let stream = tokio::spawn(stream(deployment.clone(), known, Arc::clone(&bell)));
        let list = tokio::spawn(list(place, deployment, me, Arc::clone(&bell), events));
        Self { tasks: [stream, list], bell, token }
    }

    /// Looks again now.
    pub fn look(&self) {
        self.bell.notify_one();
    }

    /// For looking again later.
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// Whether it speaks with this session.
    pub fn is_of(&self, deployment: &Deployment) -> bool {
        deployment.token().is_some_and(|token| self.token.ct_eq(token.expose()))
    }
}

async fn list(
    place: Place,
    deployment: Deployment,
    me: tokio::sync::watch::Sender<Option<UserId>>,
    bell: Arc<Notify>,
    events: mpsc::Sender<Event>,
) {
    let mut backoff = Backoff::new(SHORTEST, LONGEST);
    let mut about: Option<(String, String)> = None;
    loop {
        let pause = match look(&deployment, &mut about, &me).await {
            Ok(listing) => {
                backoff.reset();
                let pause = if listing.rows.iter().any(Row::is_settling) { SOON } else { LATER };
                let _ = events.send(Event::Listed(place.clone(), listing)).await;
                pause
            }
            Err(error) => {
                // Another person may be signed in, or another server there, when it answers again.
                about = None;
                let _ = events.send(Event::Unlisted(place.clone(), fault(&error))).await;
                backoff.pause()
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = bell.notified() => tokio::time::sleep(GATHER).await,
        }
    }
}

async fn look(
    deployment: &Deployment,
    about: &mut Option<(String, String)>,
    me: &tokio::sync::watch::Sender<Option<UserId>>,
) -> Result<Listing, ClientError> {
    let (user, suffix) = match about {
        Some(known) => known.clone(),
        None => {
            let user = deployment.user("me").await?;
            let suffix = deployment.connection_info().await.map(|info| info.hostname_suffix).unwrap_or_default();
            me.send_replace(Some(user.id));
            about.insert((user.username, suffix)).clone()
        }
    };
    let rows = deployment.workspaces(SEARCH).await?.iter().map(Row::of).collect();
    Ok(Listing { user, suffix, rows })
}

fn fault(error: &ClientError) -> Fault {
    let is_sign_in = error.status() == Some(401);
    let text = match (is_sign_in, error.next_step()) {
        (true, _) => "The session is over: sign in again".into(),
        (false, Some(step)) => format!("{}; {step}", with_causes(error)),
        (false, None) => with_causes(error),
    };
    Fault { is_sign_in, text }
}

/// Rings the bell for each change the deployment tells.
async fn stream(deployment: Deployment, mut me: tokio::sync::watch::Receiver<Option<UserId>>, bell: Arc<Notify>) {
    let mut backoff = Backoff::new(SHORTEST, LONGEST);
    let Some(token) = deployment.token().cloned() else { return };
    loop {
        let Ok(user) = me.wait_for(Option::is_some).await.map(|user| *user) else { return };
        let Some(user) = user else { return };
        if let Ok(api) = TailnetApi::dial_user(deployment.url(), &token, None).await
            && let Ok(mut updates) = api.workspace_updates(user).await
        {
            while let Ok(Some(_)) = updates.next().await {
                backoff.reset();
                bell.notify_one();
            }
            // The deployment went: say so at once.
            bell.notify_one();
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}
