//! Where the session of this person is kept: the keyring, else a 0600 file; and where it is looked for.
//!
//! Not here: environment variables and flags, which belong to the programs. Files of one configuration folder:
//! `url` (the deployment) and, when no keyring keeps it, `session` (the token). Editors that start us with their own
//! folder write the same two files.

pub mod file;
mod keyring;
pub mod local;

use std::io;
use std::path::{Path, PathBuf};

use proto::secret::Secret;
use url::Url;

const URL_FILE: &str = "url";
const TOKEN_FILE: &str = "session";

/// A stored session.
#[derive(Debug, Clone)]
pub struct Session {
    /// The deployment.
    pub url: Url,
    /// The token there.
    pub token: Secret,
    /// Where it was found.
    pub source: Source,
}

/// Where a session was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The Secret Service of the desktop.
    Keyring,
    /// A file of our own configuration folder.
    File(PathBuf),
    /// The local server's own note for the person who runs it.
    Local(PathBuf),
}

/// How a token was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In the keyring.
    Keyring,
    /// In this file, readable by its owner only.
    File(PathBuf),
}

/// Why a session could not be read or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A file could not be read, written or removed.
    #[error("cannot {what} {path}")]
    File {
        /// The verb.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The stored URL is none.
    #[error("{0} does not hold a URL")]
    Url(String),
    /// The keyring has the token but does not give it.
    #[error("the keyring does not answer: {0}")]
    Keyring(String),
}

/// One configuration folder.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    read_only_fallback: Option<PathBuf>,
    use_keyring: bool,
}

impl Store {
    /// The person's own folder, with the keyring for tokens. `fallback` is a folder of the same form that is read
    /// (never written) when ours has no session.
    #[must_use]
    pub fn personal(folder: PathBuf, fallback: Option<PathBuf>) -> Self {
        Self { folder, read_only_fallback: fallback, use_keyring: true }
    }

    /// A folder that was named explicitly: everything is in its files, so that whoever named it can write them.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder, read_only_fallback: None, use_keyring: false }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The stored session, if there is one. The file comes first: it costs microseconds, the keyring a bus call.
    ///
    /// # Errors
    /// [`SessionError`] when there is one that cannot be read.
    pub async fn load(&self) -> Result<Option<Session>, SessionError> {
        if let Some(url) = read_url(&self.folder)? {
            if let Some(token) = read_token(&self.folder)? {
                return Ok(Some(Session { url, token, source: Source::File(self.folder.join(TOKEN_FILE)) }));
            }
            if self.use_keyring
                && let Some(token) = keyring::get(&url).await.map_err(SessionError::Keyring)?
            {
                return Ok(Some(Session { url, token, source: Source::Keyring }));
            }
        }
        let Some(other) = &self.read_only_fallback else { return Ok(None) };
        match (read_url(other)?, read_token(other)?) {
            (Some(url), Some(token)) => Ok(Some(Session { url, token, source: Source::File(other.join(TOKEN_FILE)) })),
            _ => Ok(None),
        }
    }

    /// Every stored session: ours, and the one of the folder that is only read. Two at one deployment are both there.
    ///
    /// # Errors
    /// [`SessionError`] when there is one that cannot be read.
    pub async fn all(&self) -> Result<Vec<Session>, SessionError> {
        let own = Self { read_only_fallback: None, ..self.clone() }.load().await?;
        let other = match &self.read_only_fallback {
            Some(folder) => Self::in_folder(folder.clone()).load().await?,
            None => None,
        };
        Ok(own.into_iter().chain(other).collect())
    }

    /// Keeps a session and says where.
    ///
    /// # Errors
    /// [`SessionError::File`] when the folder cannot be written.
    pub async fn save(&self, url: &Url, token: &Secret) -> Result<Kept, SessionError> {
        file::make_private_folder(&self.folder).map_err(|source| failed("make", &self.folder, source))?;
        let token_file = self.folder.join(TOKEN_FILE);
        let kept = if self.use_keyring && keyring::set(url, token).await.is_ok() {
            remove(&token_file)?;
            Kept::Keyring
        } else {
            file::write_private(&token_file, token.expose().as_bytes())
                .map_err(|source| failed("write", &token_file, source))?;
            Kept::File(token_file)
        };
        let url_file = self.folder.join(URL_FILE);
        file::write_private(&url_file, url.as_str().as_bytes()).map_err(|source| failed("write", &url_file, source))?;
        Ok(kept)
    }

    /// Forgets the session of our own folder.
    ///
    /// # Errors
    /// [`SessionError::File`] when a file cannot be removed.
    pub async fn forget(&self) -> Result<(), SessionError> {
        if self.use_keyring
            && let Ok(Some(url)) = read_url(&self.folder)
            && !self.folder.join(TOKEN_FILE).exists()
        {
            keyring::delete(&url).await;
        }
        remove(&self.folder.join(TOKEN_FILE))?;
        remove(&self.folder.join(URL_FILE))
    }
}

fn read_url(folder: &Path) -> Result<Option<Url>, SessionError> {
    let path = folder.join(URL_FILE);
    let Some(text) = file::read_short(&path).map_err(|source| failed("read", &path, source))? else { return Ok(None) };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    Url::parse(text).map(Some).map_err(|_| SessionError::Url(path.display().to_string()))
}

fn read_token(folder: &Path) -> Result<Option<Secret>, SessionError> {
    let path = folder.join(TOKEN_FILE);
    let text = file::read_short(&path).map_err(|source| failed("read", &path, source))?;
    Ok(text.filter(|text| !text.trim().is_empty()).map(|text| Secret::new(text.trim())))
}

fn remove(path: &Path) -> Result<(), SessionError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, error)),
        _ => Ok(()),
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> SessionError {
    SessionError::File { what, path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests;
