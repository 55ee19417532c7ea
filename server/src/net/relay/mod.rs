//! The relay: carries sealed packets between peers that have no direct path, by WireGuard key (spec
//! `derp-disco-stun.md` 2 and 3). It cannot read them, and does not know who may talk to whom: the peers' keys decide.
//!
//! ```text
//!  GET /derp ─ upgrade ─ greeting ─ reader ─► table: key → client ─► queues ─► writer ─► socket
//!            (upgrade)  (greeting)  (reader)   (table)               (queue)   (writer)
//! ```
//! Two tasks per client and no lock that all packets share: a reader keeps the routes it used, checks one counter per
//! read to see whether the table changed, and copies a run of frames for one receiver under that receiver's lock once.
//! Not here: links to other relays. Ours stands alone; their frames are refused.

mod client;
mod greeting;
mod limiter;
mod queue;
mod reader;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod upgrade;
mod writer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use proto::key::{NodePrivate, NodePublic};
use tokio::io::{AsyncRead, AsyncWrite};

pub use greeting::GreetingError;
pub use upgrade::upgrade;

use client::Client;
use table::Table;

/// Most clients at once. Each costs two tasks and, when it does not read, about 1 MiB for the 2 s until it is cut.
pub const MAX_CLIENTS: usize = 10_000;

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Packets handed to a receiver's queue.
    pub forwarded: AtomicU64,
    /// Packets thrown away: nobody has the key, or the receiver's queue was full.
    pub dropped: AtomicU64,
}

/// The relay. Share it in an [`Arc`].
pub struct Relay {
    key: NodePrivate,
    public: NodePublic,
    table: RwLock<Table<Arc<Client>>>,
    /// Grows with each change of the table: routes that a reader kept are good as long as it is the same.
    generation: AtomicU64,
    last_client: AtomicU64,
    /// Since the start.
    pub counters: Counters,
}

impl Relay {
    /// A relay with this key, which should be the same after a restart.
    #[must_use]
    pub fn new(key: NodePrivate) -> Self {
        Self {
            public: key.public(),
            key,
            table: RwLock::default(),
            generation: AtomicU64::new(0),
            last_client: AtomicU64::new(0),
            counters: Counters::default(),
        }
    }

    /// The relay's public key.
    #[must_use]
    pub fn public_key(&self) -> NodePublic {
        self.public
    }

    /// How many connections there are.
    #[must_use]
    pub fn client_count(&self) -> usize {
        self.table.read().unwrap_or_else(PoisonError::into_inner).connection_count()
    }

    /// Serves one connection after its upgrade. `early` are bytes that came behind the HTTP request.
    ///
    /// # Errors
    /// [`GreetingError`] when the client did not prove its key; an end after that is no error.
    pub async fn serve<R, W>(&self, mut reader: R, mut writer: W, early: Bytes) -> Result<(), GreetingError>
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send,
    {
        let (key, rest) = greeting::prove(&self.key, &mut reader, &mut writer, early).await?;
        let id = self.last_client.fetch_add(1, Ordering::Relaxed);
        let client = Arc::new(Client::new(id, key));
        if !self.enter(&client) {
            return Err(GreetingError::Full);
        }
        let _guard = Entered { relay: self, client: &client };
        greeting::welcome(&self.key, &key, &mut writer).await?;
        let seen = tokio::select! {
            seen = reader::run(self, &client, &mut reader, rest) => seen,
            () = writer::run(&client, &mut writer) => Ok(()),
        };
        if let Err(error) = seen {
            tracing::debug!(client = ?key, %error, "a relay client was cut");
        }
        Ok(())
    }

    fn enter(&self, client: &Arc<Client>) -> bool {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if table.connection_count() >= MAX_CLIENTS {
            return false;
        }
        let duplicates = table.connect(client.key, client.id, Arc::clone(client));
        for client in duplicates {
            client.set_duplicate(true);
        }
        self.generation.fetch_add(1, Ordering::Release);
        true
    }

    /// Takes a client out and tells those it had sent to.
    fn leave(&self, client: &Client) {
        let receivers = client.take_receivers();
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let left = table.disconnect(client.key, client.id);
        if let table::Left::One(last) = &left {
            last.set_duplicate(false);
            receivers.iter().for_each(|receiver| last.note_receiver(*receiver));
        }
        self.generation.fetch_add(1, Ordering::Release);
        if matches!(left, table::Left::Nobody) {
            for receiver in receivers {
                for connection in table.connections(receiver) {
                    connection.tell_gone(client.key, proto::derp::GoneReason::Disconnected);
                }
            }
        }
    }
}

/// Takes the client out of the table however its connection ends.
struct Entered<'a> {
    relay: &'a Relay,
    client: &'a Client,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.relay.leave(self.client);
    }
}
