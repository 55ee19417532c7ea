//! Tokens in the desktop's Secret Service, an item per deployment. A keyring that is locked, asks for ever, is not there or
//! ends in mid-call must not hold anybody up: each call has a limit, and a person who takes long to type the keyring's
//! password is waited for in the background ([`answered`]).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use proto::secret::Secret;
use secret_service::{EncryptionType, Error, SecretService};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use url::Url;

const SERVICE: &str = "homeport";
/// A call that shows nothing to anybody.
const CALL: Duration = Duration::from_secs(2);
/// How long a person may take for the keyring's password.
const PERSON: Duration = Duration::from_secs(5 * 60);
/// The kind of text that a token is.
const KIND: &str = "text/plain";

/// The person who is being asked for the keyring's password by us.
static ASKED: Mutex<Option<AbortHandle>> = Mutex::new(None);
/// Rung when that person has answered, or is waited for no more.
static ANSWERED: Notify = Notify::const_new();

/// Why the keyring did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// No session bus, or nothing on it that keeps secrets.
    #[error("there is no keyring")]
    Absent,
    /// It is locked, and asks for its password.
    #[error("the keyring is locked and asks for its password")]
    Asks,
    /// It stayed locked: the question for its password was closed.
    #[error("the keyring is locked")]
    Locked,
    /// It did not answer in time.
    #[error("the keyring does not answer")]
    Silent,
    /// It failed, or ended in mid-call.
    #[error("the keyring failed: {0}")]
    Failed(String),
}

impl KeyringError {
    /// Whether trying again by itself can help. A closed question would only be asked again and again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Absent | Self::Silent | Self::Failed(_))
    }
}

/// Resolves when a person who was asked for the keyring's password answered after we had stopped waiting.
pub async fn answered() {
    ANSWERED.notified().await;
}

/// Waits no more for the person who was asked, so that the next call asks again.
pub fn ask_again() {
    if let Some(asked) = ASKED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        asked.abort();
    }
}

/// The token of a deployment; `None` when the keyring has none. `patience` is for a person who must unlock it.
pub(super) async fn get(url: &Url, patience: Duration) -> Result<Option<Secret>, KeyringError> {
    loop {
        match limited(find(url)).await? {
            Found::Token(token) => return Ok(Some(token)),
            Found::Nothing => return Ok(None),
            Found::Locked => ask(Some(url.clone()), patience).await?,
        }
    }
}

/// Keeps a token.
pub(super) async fn set(url: &Url, token: &Secret, patience: Duration) -> Result<(), KeyringError> {
    loop {
        if limited(put(url, token)).await? {
            return Ok(());
        }
        ask(None, patience).await?;
    }
}

/// Removes a token.
pub(super) async fn delete(url: &Url, patience: Duration) -> Result<(), KeyringError> {
    loop {
        if limited(take(url)).await? {
            return Ok(());
        }
        ask(Some(url.clone()), patience).await?;
    }
}

enum Found {
    Token(Secret),
    Nothing,
    Locked,
}

async fn find(url: &Url) -> Result<Found, Error> {
    let service = open().await?;
    let found = service.search_items(attributes(url.as_str())).await?;
    let Some(item) = found.unlocked.first() else {
        return Ok(if found.locked.is_empty() { Found::Nothing } else { Found::Locked });
    };
    let secret = item.get_secret().await?;
    Ok(String::from_utf8(secret).map_or(Found::Nothing, |token| Found::Token(Secret::new(token))))
}

/// Whether it was put there; not when the keyring is locked.
async fn put(url: &Url, token: &Secret) -> Result<bool, Error> {
    let service = open().await?;
    let collection = match service.get_default_collection().await {
        Err(Error::NoResult) => return Ok(false),
        other => other?,
    };
    if collection.is_locked().await? {
        return Ok(false);
    }
    let label = format!("Homeport at {}", crate::error::origin(url));
    collection.create_item(&label, attributes(url.as_str()), token.expose().as_bytes(), true, KIND).await?;
    Ok(true)
}

/// Whether nothing is left; not when the keyring is locked.
async fn take(url: &Url) -> Result<bool, Error> {
    let service = open().await?;
    let found = service.search_items(attributes(url.as_str())).await?;
    for item in &found.unlocked {
        item.delete().await?;
    }
    Ok(found.locked.is_empty())
}

/// Has the keyring ask its person for its password; for the item of a deployment, or for the place of new ones.
async fn ask(url: Option<Url>, patience: Duration) -> Result<(), KeyringError> {
    let waiting = {
        let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody wants two of these windows.
        if asked.as_ref().is_some_and(|asked| !asked.is_finished()) {
            return Err(KeyringError::Asks);
        }
        let waiting = tokio::spawn(async move {
            let result = tokio::time::timeout(PERSON, unlock(url)).await;
            ANSWERED.notify_one();
            result
        });
        *asked = Some(waiting.abort_handle());
        waiting
    };
    match tokio::time::timeout(patience, waiting).await {
        Ok(Ok(Ok(done))) => done.map_err(|error| explain(&error)),
        Ok(Ok(Err(_))) => Err(KeyringError::Locked),
        // Somebody wanted to ask anew.
        Ok(Err(_)) | Err(_) => Err(KeyringError::Asks),
    }
}

async fn unlock(url: Option<Url>) -> Result<(), Error> {
    let service = open().await?;
    if let Some(url) = url {
        let found = service.search_items(attributes(url.as_str())).await?;
        return service.unlock_all(&found.locked.iter().collect::<Vec<_>>()).await;
    }
    match service.get_default_collection().await {
        Err(Error::NoResult) => service.create_collection("Default keyring", "default").await.map(|_| ()),
        Ok(collection) => collection.unlock().await,
        Err(error) => Err(error),
    }
}

async fn open() -> Result<SecretService<'static>, Error> {
    SecretService::connect(EncryptionType::Dh).await
}

fn attributes(account: &str) -> HashMap<&'static str, &str> {
    HashMap::from([("service", SERVICE), ("username", account)])
}

async fn limited<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, KeyringError> {
    if !is_likely() {
        return Err(KeyringError::Absent);
    }
    match tokio::time::timeout(CALL, call).await {
        Ok(result) => result.map_err(|error| explain(&error)),
        Err(_) => Err(KeyringError::Silent),
    }
}

fn explain(error: &Error) -> KeyringError {
    match error {
        Error::Unavailable => KeyringError::Absent,
        Error::Locked | Error::Prompt => KeyringError::Locked,
        Error::Zbus(error) if is_absence(error) => KeyringError::Absent,
        other => KeyringError::Failed(other.to_string()),
    }
}

/// Nobody on the bus has the name, and nobody can be started who would. Not one who ended in mid-call.
fn is_absence(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::MethodError(name, ..) => {
            let name = name.as_str();
            name == "org.freedesktop.DBus.Error.ServiceUnknown" || name.starts_with("org.freedesktop.DBus.Error.Spawn")
        }
        zbus::Error::FDO(error) => matches!(**error, zbus::fdo::Error::ServiceUnknown(_)),
        zbus::Error::InputOutput(error) => {
            matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused)
        }
        _ => false,
    }
}

/// Without a session bus nobody answers; asking would only cost time.
fn is_likely() -> bool {
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty()) {
        return true;
    }
    std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| std::path::Path::new(&folder).join("bus").exists())
}
