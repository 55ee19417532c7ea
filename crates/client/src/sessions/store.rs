//! One configuration folder: sessions read, kept, chosen and forgotten. Which file is for what is in `sessions.rs`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use proto::secret::Secret;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::index::{self, Index};
use super::{All, Kept, KeyringError, Known, Place, Session, SessionError, Source, file, keyring};

const URL_FILE: &str = "url";
const TOKEN_FILE: &str = "session";
const INDEX_FILE: &str = "accounts.json";
const TOKENS: &str = "sessions";
const LOCK_FILE: &str = ".accounts.lock";
/// How long a program waits for a person who must unlock the keyring, unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(2);

/// One configuration folder.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    read_only_fallback: Option<PathBuf>,
    pub(super) use_keyring: bool,
    patience: Duration,
}

impl Store {
    /// The person's own folder, with the keyring for tokens. `fallback` is a folder of the form `url`, `session` that is
    /// read (never written) when ours has no session.
    #[must_use]
    pub fn personal(folder: PathBuf, fallback: Option<PathBuf>) -> Self {
        Self { folder, read_only_fallback: fallback, use_keyring: true, patience: PATIENCE }
    }

    /// A folder that was named explicitly: everything is in its files, so that whoever named it can read and write them.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder, read_only_fallback: None, use_keyring: false, patience: PATIENCE }
    }

    /// The same, for a program whose person can be waited for while they unlock the keyring.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The current session, if there is one. Files come first: they cost microseconds, the keyring bus calls.
    ///
    /// # Errors
    /// [`SessionError`] when there is one that cannot be read.
    pub async fn load(&self) -> Result<Option<Session>, SessionError> {
        if let Some(url) = read_url(&self.folder)?
            && let Some(session) = self.session(&url).await?
        {
            return Ok(Some(session));
        }
        self.foreign()
    }

    /// The session at a deployment, ours before the one of the folder that is only read.
    ///
    /// # Errors
    /// [`SessionError`] when there is one that cannot be read.
    pub async fn load_at(&self, url: &Url) -> Result<Option<Session>, SessionError> {
        if let Some(known) = self.known()?.into_iter().find(|known| index::is_same(&known.url, url))
            && let Some(session) = self.session(&known.url).await?
        {
            return Ok(Some(session));
        }
        Ok(self.foreign()?.filter(|session| index::is_same(&session.url, url)))
    }

    /// Every deployment of our own folder, the current one marked. Asks no keyring.
    ///
    /// # Errors
    /// [`SessionError`] when the files cannot be read.
    pub fn known(&self) -> Result<Vec<Known>, SessionError> {
        let current = read_url(&self.folder)?;
        let index = self.index()?;
        let is_current = |url: &Url| current.as_ref().is_some_and(|current| index::is_same(current, url));
        let known = index.accounts.iter();
        Ok(known
            .map(|entry| Known { url: entry.url.clone(), kept: entry.kept, is_current: is_current(&entry.url) })
            .collect())
    }

    /// Every session: ours, and the one of the folder that is only read. Two at one deployment are both there.
    pub async fn all(&self) -> All {
        let mut all = All::default();
        let known = self.known().unwrap_or_else(|error| {
            all.unread.push((None, error));
            Vec::new()
        });
        let mut silence = None;
        for Known { url, kept, .. } in known {
            // One that does not answer is not asked for each.
            let found = match &silence {
                Some(error) if kept == Place::Keyring => Err(SessionError::Keyring(KeyringError::clone(error))),
                _ => self.session(&url).await,
            };
            match found {
                Ok(Some(session)) => all.sessions.push(session),
                Ok(None) => all.unread.push((Some(url), SessionError::Missing)),
                Err(error) => {
                    if let SessionError::Keyring(error) = &error {
                        silence = Some(error.clone());
                    }
                    all.unread.push((Some(url), error));
                }
            }
        }
        match self.foreign() {
            Ok(session) => all.sessions.extend(session),
            Err(error) => all.unread.push((None, error)),
        }
        all
    }

    /// Keeps a session, makes its deployment the current one, and says where the token is. A keyring that is there and does
    /// not take it is an error: a token is never moved into a file because of that. Where there is no keyring, a file it is.
    ///
    /// # Errors
    /// [`SessionError`]; what was kept before is kept.
    pub async fn save(&self, url: &Url, token: &Secret) -> Result<Kept, SessionError> {
        let kept = self.keep(url, token).await?;
        self.select(url)?;
        Ok(kept)
    }

    /// As [`Self::save`], in a file whatever the keyring says: for a person who asked for that.
    ///
    /// # Errors
    /// [`SessionError::File`]
    pub async fn save_in_file(&self, url: &Url, token: &Secret) -> Result<Kept, SessionError> {
        let without = Self { use_keyring: false, ..self.clone() };
        let kept = without.keep(url, token).await?;
        self.select(url)?;
        Ok(kept)
    }

    /// As [`Self::save`], without making the deployment the current one.
    ///
    /// # Errors
    /// [`SessionError`]
    pub async fn keep(&self, url: &Url, token: &Secret) -> Result<Kept, SessionError> {
        let in_keyring = self.use_keyring
            && match keyring::set(url, token, self.patience).await {
                Ok(()) => true,
                Err(KeyringError::Absent) => false,
                Err(error) => return Err(error.into()),
            };
        let _lock = self.lock()?;
        let mut index = self.adopt()?;
        let path = self.token_file(url);
        if in_keyring {
            index.set(url, Place::Keyring);
            self.write_index(&index)?;
            // Only now is the older one of no use.
            remove(&path)?;
        } else {
            let folder = self.folder.join(TOKENS);
            file::make_private_folder(&folder).map_err(|source| failed("make", &folder, source))?;
            write(&path, token.expose())?;
            index.set(url, Place::File);
            self.write_index(&index)?;
        }
        // The copy for others, where there is one, is of an older session now.
        if read_url(&self.folder)?.is_some_and(|current| index::is_same(&current, url)) {
            let copy = self.folder.join(TOKEN_FILE);
            if !self.use_keyring && copy.exists() { write(&copy, token.expose())? } else { remove(&copy)? }
        }
        Ok(if in_keyring { Kept::Keyring } else { Kept::File(path) })
    }

    /// Makes a deployment the current one; whether there is a session at it.
    ///
    /// # Errors
    /// [`SessionError`]
    pub fn select(&self, url: &Url) -> Result<bool, SessionError> {
        let _lock = self.lock()?;
        let index = self.adopt()?;
        let Some(entry) = index.find(url) else { return Ok(false) };
        let copy = self.folder.join(TOKEN_FILE);
        remove(&copy)?;
        write(&self.folder.join(URL_FILE), entry.url.as_str())?;
        if !self.use_keyring
            && let Some(token) = read_token(&self.token_file(&entry.url))?
        {
            write(&copy, token.expose())?;
        }
        Ok(true)
    }

    /// Forgets the session at a deployment. A keyring that does not answer keeps nobody signed in here: its item stays
    /// behind then, which is what comes back.
    ///
    /// # Errors
    /// [`SessionError::File`] when a file cannot be changed.
    pub async fn forget(&self, url: &Url) -> Result<Option<KeyringError>, SessionError> {
        let kept = self.index()?.find(url).cloned();
        let left = match &kept {
            Some(entry) if self.use_keyring && entry.kept == Place::Keyring => {
                keyring::delete(&entry.url, self.patience).await.err()
            }
            _ => None,
        };
        let _lock = self.lock()?;
        let mut index = self.adopt()?;
        remove(&self.token_file(kept.as_ref().map_or(url, |entry| &entry.url)))?;
        if read_url(&self.folder)?.is_some_and(|current| index::is_same(&current, url)) {
            remove(&self.folder.join(TOKEN_FILE))?;
            remove(&self.folder.join(URL_FILE))?;
        }
        index.remove(url);
        self.write_index(&index)?;
        Ok(left.filter(|error| *error != KeyringError::Absent))
    }

    /// The session at a deployment of our own folder, by the exact URL that is listed.
    async fn session(&self, url: &Url) -> Result<Option<Session>, SessionError> {
        let copy = self.folder.join(TOKEN_FILE);
        let is_current = read_url(&self.folder)?.is_some_and(|current| index::is_same(&current, url));
        for path in is_current.then_some(copy).into_iter().chain([self.token_file(url)]) {
            if let Some(token) = read_token(&path)? {
                return Ok(Some(Session { url: url.clone(), token, source: Source::File(path) }));
            }
        }
        if !self.use_keyring {
            return Ok(None);
        }
        match keyring::get(url, self.patience).await {
            Ok(Some(token)) => Ok(Some(Session { url: url.clone(), token, source: Source::Keyring })),
            Ok(None) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The session of the folder that is only read.
    fn foreign(&self) -> Result<Option<Session>, SessionError> {
        let Some(other) = &self.read_only_fallback else { return Ok(None) };
        let path = other.join(TOKEN_FILE);
        Ok(read_url(other)?.zip(read_token(&path)?).map(|(url, token)| Session {
            url,
            token,
            source: Source::File(path),
        }))
    }

    /// The list; a folder that was written before there were lists has the one deployment of its `url` file.
    fn index(&self) -> Result<Index, SessionError> {
        let path = self.folder.join(INDEX_FILE);
        let text = file::read_short(&path).map_err(|source| failed("read", &path, source))?;
        let mut index = match text {
            Some(text) => {
                Index::parse(&text).map_err(|source| SessionError::Index(path.display().to_string(), source))?
            }
            None => Index::default(),
        };
        if let Some(url) = read_url(&self.folder)?
            && index.find(&url).is_none()
        {
            let in_file = !self.use_keyring || self.folder.join(TOKEN_FILE).exists();
            index.set(&url, if in_file { Place::File } else { Place::Keyring });
        }
        Ok(index)
    }

    /// The list, with a token of the older form moved to where it belongs now. Under the lock.
    fn adopt(&self) -> Result<Index, SessionError> {
        let mut index = self.index()?;
        let copy = self.folder.join(TOKEN_FILE);
        if let Some(url) = read_url(&self.folder)?
            && let Some(token) = read_token(&copy)?
        {
            let folder = self.folder.join(TOKENS);
            file::make_private_folder(&folder).map_err(|source| failed("make", &folder, source))?;
            write(&self.token_file(&url), token.expose())?;
            index.set(&url, Place::File);
            self.write_index(&index)?;
            if self.use_keyring {
                remove(&copy)?;
            }
        }
        Ok(index)
    }

    fn write_index(&self, index: &Index) -> Result<(), SessionError> {
        write(&self.folder.join(INDEX_FILE), &index.print())
    }

    fn token_file(&self, url: &Url) -> PathBuf {
        let hash = Sha256::digest(url.as_str().as_bytes());
        let name: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(TOKENS).join(name)
    }

    /// Two programs do not change the folder at once. Held for a few small files, never for a keyring.
    fn lock(&self) -> Result<Flock<std::fs::File>, SessionError> {
        file::make_private_folder(&self.folder).map_err(|source| failed("make", &self.folder, source))?;
        let path = self.folder.join(LOCK_FILE);
        let lock = file::open_private(&path).map_err(|source| failed("open", &path, source))?;
        Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| failed("lock", &path, error.into()))
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

fn read_token(path: &Path) -> Result<Option<Secret>, SessionError> {
    let text = file::read_short(path).map_err(|source| failed("read", path, source))?;
    Ok(text.filter(|text| !text.trim().is_empty()).map(|text| Secret::new(text.trim())))
}

fn write(path: &Path, text: &str) -> Result<(), SessionError> {
    file::write_private(path, text.as_bytes()).map_err(|source| failed("write", path, source))
}

fn remove(path: &Path) -> Result<(), SessionError> {
    match file::remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, error)),
        _ => Ok(()),
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> SessionError {
    SessionError::File { what, path: path.display().to_string(), source }
}
