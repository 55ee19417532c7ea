//! Table `net_keys`: secret keys of the server's mesh half. Made once, kept for ever; never shown.

use uuid::Uuid;

use super::{Db, OptionalExtension as _, Result, now};

/// What a key is for; one key per purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The relay's X25519 key: clients may have pinned it.
    Relay,
    /// Signs resume tokens: clients keep them over a restart of the server.
    Resume,
    /// Derives the tokens of sub-daemons.
    SubDaemon,
}

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Resume => "resume",
            Self::SubDaemon => "sub_daemon",
        }
    }
}

/// A key and its public name.
#[derive(Clone)]
pub struct NetKey {
    pub id: Uuid,
    pub key: Vec<u8>,
}

/// The key for a purpose; `fresh` (an id and random bytes that the caller drew) becomes it when there is none yet.
///
/// # Errors
/// The store's.
pub fn get_or_insert(db: &Db, purpose: Purpose, fresh: NetKey) -> Result<NetKey> {
    let mut find = db.prepare_cached("SELECT id, key FROM net_keys WHERE purpose = ?1 ORDER BY created_at LIMIT 1")?;
    let found =
        find.query_row([purpose.word()], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))).optional()?;
    if let Some((id, key)) = found {
        let id = id.parse().map_err(|_| super::StoreError::Value("id"))?;
        return Ok(NetKey { id, key });
    }
    db.execute(
        "INSERT INTO net_keys (id, purpose, key, created_at) VALUES (?1, ?2, ?3, ?4)",
        super::params![fresh.id.to_string(), purpose.word(), fresh.key, now().unix_micros()],
    )?;
    Ok(fresh)
}
