//! The deployment of a window, with the session that the command line or the tray stored for it. The session is read
//! again when the deployment does not accept it any more: somebody may have signed in anew.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use client::Deployment;
use client::carried::{Answer, Carried};
use client::error::{ClientError, with_causes};
use client::sessions::{Session, Store, local};
use url::Url;

/// A status that says that the session is not accepted.
const SIGNED_OUT: u16 = 401;

/// A deployment and who we are there.
pub struct Place {
    url: Url,
    deployment: Mutex<Deployment>,
}

impl Place {
    /// The place with this URL, or the first that there is a session at.
    ///
    /// # Errors
    /// A sentence for people, with what to do.
    pub async fn find(wanted: Option<&Url>) -> Result<Self, String> {
        let session = stored(wanted).await?;
        let url = session.url.clone();
        let deployment = Deployment::new(session.url, session.token).map_err(|error| with_causes(&error))?;
        Ok(Self { url, deployment: Mutex::new(deployment) })
    }

    /// Its URL; no secret is in it.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What people call it.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// One call.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call(&self, method: http::Method, path: &str, body: Option<String>) -> Result<Answer, ClientError> {
        let answer = self.deployment().carry(method.clone(), path, body.clone()).await?;
        if answer.status == SIGNED_OUT && self.renew().await {
            return self.deployment().carry(method, path, body).await;
        }
        Ok(answer)
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stream(&self, path: &str) -> Result<Carried, ClientError> {
        match self.deployment().carry_stream(path).await {
            Err(error) if error.status() == Some(SIGNED_OUT) && self.renew().await => {
                self.deployment().carry_stream(path).await
            }
            other => other,
        }
    }

    fn deployment(&self) -> Deployment {
        self.deployment.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there is another session now.
    async fn renew(&self) -> bool {
        let Ok(session) = stored(Some(&self.url)).await else { return false };
        let is_same = self.deployment().token().is_some_and(|token| token.expose() == session.token.expose());
        if is_same {
            return false;
        }
        let Ok(fresh) = Deployment::new(session.url, session.token) else { return false };
        *self.deployment.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        true
    }
}

/// The stored session at a deployment, or at any; one that a person stored comes before the local server's own.
async fn stored(wanted: Option<&Url>) -> Result<Session, String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let home = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = home.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")));
    let config = config.ok_or("there is no home folder: set HOME")?;
    let store = Store::personal(config.join("homeport"), Some(config.join("coderv2")));
    let own = local::data_folder(variable).as_deref().and_then(local::load);
    let all = store.all().await;
    let is_wanted = |session: &Session| wanted.is_none_or(|url| url.origin() == session.url.origin());
    let is_meant = |place: &Option<Url>| match (wanted, place) {
        (Some(wanted), Some(place)) => wanted.origin() == place.origin(),
        _ => true,
    };
    let why = all.unread.iter().find(|(place, _)| is_meant(place));
    let why = why.map(|(_, error)| format!("a stored session cannot be read: {error}"));
    all.sessions.into_iter().chain(own).find(is_wanted).ok_or_else(|| {
        let place = wanted.map_or_else(|| "anywhere".to_owned(), |url| format!("at {}", client::error::origin(url)));
        why.unwrap_or_else(|| format!("there is no session {place}: sign in with `homeport login <url>`"))
    })
}
