//! Tokens in the desktop's Secret Service. A keyring that is locked, asks for ever or is not there must not hold a
//! command up, so each call has two seconds on a thread of its own.

use std::time::Duration;

use proto::secret::Secret;
use url::Url;

const SERVICE: &str = "homeport";
const LIMIT: Duration = Duration::from_secs(2);

/// The token of a deployment; `None` when the keyring has none or there is no keyring.
pub async fn get(url: &Url) -> Result<Option<Secret>, String> {
    if !is_likely() {
        return Ok(None);
    }
    let account = url.to_string();
    on_thread(move || match keyring::Entry::new(SERVICE, &account).and_then(|entry| entry.get_password()) {
        Ok(token) => Ok(Some(Secret::new(token))),
        Err(keyring::Error::NoEntry | keyring::Error::NoDefaultStore) => Ok(None),
        Err(error) => Err(error.to_string()),
    })
    .await
}

/// Keeps a token.
pub async fn set(url: &Url, token: &Secret) -> Result<(), String> {
    if !is_likely() {
        return Err("there is no keyring".into());
    }
    let (account, token) = (url.to_string(), token.clone());
    on_thread(move || {
        keyring::Entry::new(SERVICE, &account)
            .and_then(|entry| entry.set_password(token.expose()))
            .map_err(|error| error.to_string())
    })
    .await
}

/// Removes a token, if the keyring can be asked.
pub async fn delete(url: &Url) {
    if is_likely() {
        let account = url.to_string();
        let _ = on_thread(move || {
            keyring::Entry::new(SERVICE, &account)
                .and_then(|entry| entry.delete_credential())
                .map_err(|error| error.to_string())
        })
        .await;
    }
}

/// Without a session bus nobody answers; asking would only cost time.
fn is_likely() -> bool {
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty()) {
        return true;
    }
    std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| std::path::Path::new(&folder).join("bus").exists())
}

/// A plain thread, not the runtime's pool: the runtime would wait for it at exit.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let (done, answer) = tokio::sync::oneshot::channel();
    let spawned = std::thread::Builder::new().name("keyring".into()).spawn(move || {
        let _ = done.send(work());
    });
    spawned.map_err(|error| error.to_string())?;
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err("the keyring library stopped".into()),
        Err(_) => Err(format!("no answer within {} s (is it locked?)", LIMIT.as_secs())),
    }
}
