//! Signing a program in by the system browser: the program listens on loopback, the person says yes on a page of the
//! deployment, and the page sends the browser back with a one-use code. What is asked and believed is in `question.rs`,
//! the listener in `listen.rs`.
//!
//! ```text
//!   program ──opens──► <url>/hand-off?port=…&state=…&challenge=…   (the person clicks "Sign in")
//!   program ◄─loopback── /?code=…&state=…                          state: it is the answer to our question
//!   program ──POST──► homeport/sign-in {code, verifier}            verifier: nobody else can spend the code
//! ```
//!
//! Nothing in these addresses opens anything by itself: the challenge is a hash, and a code without its verifier is worth
//! nothing. Coder's own servers have no such page; there a person pastes the token of `/cli-auth`.

mod listen;
mod question;

use std::time::Duration;

use proto::rest::user::User;
use proto::secret::Secret;
use url::Url;

pub use self::question::{PAGE, Question, RANDOM, Verdict};
use crate::{ClientError, Deployment};

/// How long a person may take: they may have to find a password first.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandOffError {
    /// The deployment failed a call.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No loopback socket, or no random bytes.
    #[error("cannot wait for the browser's answer")]
    Listen(#[source] std::io::Error),
    /// The person said no on the page.
    #[error("the sign-in was refused in the browser")]
    Refused,
    /// Nobody answered.
    #[error("nobody answered in the browser within {} minutes", PATIENCE.as_secs() / 60)]
    Silence,
}

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The new session.
    pub token: Secret,
    /// Whose it is.
    pub user: User,
}

/// Whether a deployment is one of ours and has the page, so that [`sign_in`] works there.
///
/// # Errors
/// [`ClientError`] when it cannot be reached; every answer that is not ours is a "no".
pub async fn is_offered(deployment: &Deployment) -> Result<bool, ClientError> {
    match deployment.hand_off().await {
        Ok(offer) => Ok(offer.has_page),
        Err(error @ ClientError::Unreachable { .. }) => Err(error),
        Err(_) => Ok(false),
    }
}

/// Signs this program in at a deployment. `show` gets the page to open and the word to show beside it; it is called once.
/// Dropping the future ends the waiting.
///
/// # Errors
/// [`HandOffError`]
pub async fn sign_in(deployment: &Deployment, show: impl FnOnce(&Url, &str)) -> Result<SignedIn, HandOffError> {
    let mut random = [0; RANDOM];
    getrandom::fill(&mut random).map_err(|error| HandOffError::Listen(std::io::Error::other(error.to_string())))?;
    let mut listener = listen::Listener::open(Question::of(&random)).await.map_err(HandOffError::Listen)?;
    show(&listener.question().page(deployment.url(), listener.port()), listener.question().word());
    let waited = tokio::time::timeout(PATIENCE, listener.answer()).await;
    let answer = waited.map_err(|_| HandOffError::Silence)?;
    let result = match &answer.code {
        Some(code) => spend(deployment, code, &listener.question().verifier).await,
        None => Err(HandOffError::Refused),
    };
    let page = match &result {
        Ok(signed_in) => format!("Homeport is signed in as {}. You can close this page.", signed_in.user.username),
        Err(HandOffError::Refused) => "Homeport was not signed in. You can close this page.".to_owned(),
        Err(error) => format!("Homeport could not be signed in: {error}. You can close this page."),
    };
    listener.show(answer.browser, page).await;
    result
}

async fn spend(deployment: &Deployment, code: &Secret, verifier: &Secret) -> Result<SignedIn, HandOffError> {
    let token = deployment.redeem_code(code, verifier).await?;
    let user = Deployment::new(deployment.url().clone(), token.clone())?.user("me").await?;
    Ok(SignedIn { token, user })
}

#[cfg(test)]
mod tests;
