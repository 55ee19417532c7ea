//! The open channels of one connection: where arriving data goes, and who is told when a channel ends. Not for what a
//! channel does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::server::Msg;
use russh::{Channel, ChannelId, ChannelWriteHalf};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::inbox::{self, Backlog, Feed, Inbox};

/// Channels one connection may have open: a busy editor uses a few dozen. Bounds tasks, sockets and queues.
pub const CHANNEL_LIMIT: usize = 256;

/// All channels of one connection.
#[derive(Debug)]
pub struct Channels {
    open: Mutex<HashMap<ChannelId, Entry>>,
    pub backlog: Arc<Backlog>,
    /// Cancelled when the connection is over; every channel's token is its child.
    pub ended: CancellationToken,
    /// Everything the connection started.
    pub tasks: TaskTracker,
}

#[derive(Debug)]
struct Entry {
    /// `None` after the client's end of input.
    feed: Option<Feed>,
    closed: CancellationToken,
    /// The reading end of a channel that we opened, until its task picks it up.
    arrived: Option<Inbox>,
}

/// What the task of a channel works with.
pub struct Port {
    pub id: ChannelId,
    pub write: ChannelWriteHalf<Msg>,
    pub inbox: Inbox,
    /// Cancelled when the client closed the channel or the connection is over.
    pub closed: CancellationToken,
    pub channels: Arc<Channels>,
}

impl Channels {
    #[must_use]
    pub fn new(ended: CancellationToken) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), backlog: Arc::default(), ended, tasks: TaskTracker::new() })
    }

    /// Registers a channel the client asks for; `None` when it has too many.
    pub fn accept(self: &Arc<Self>, channel: Channel<Msg>) -> Option<Port> {
        let id = channel.id();
        let (inbox, closed) = self.register(id)?;
        Some(self.port(channel, inbox, closed))
    }

    /// Registers a channel that the client has just confirmed, before its first data can arrive.
    pub fn confirmed(&self, id: ChannelId) {
        if let Some((inbox, _)) = self.register(id)
            && let Some(entry) = self.lock().get_mut(&id)
        {
            entry.arrived = Some(inbox);
        }
    }

    /// The port of a channel that was opened by us.
    pub fn opened(self: &Arc<Self>, channel: Channel<Msg>) -> Option<Port> {
        let (inbox, closed) = {
            let mut open = self.lock();
            let entry = open.get_mut(&channel.id())?;
            (entry.arrived.take()?, entry.closed.clone())
        };
        Some(self.port(channel, inbox, closed))
    }

    /// Data of the client.
    pub fn data(&self, id: ChannelId, data: &[u8]) {
        if let Some(feed) = self.lock().get(&id).and_then(|entry| entry.feed.as_ref()) {
            feed.push(data);
        }
    }

    /// The client will send no more.
    pub fn eof(&self, id: ChannelId) {
        if let Some(entry) = self.lock().get_mut(&id) {
            entry.feed = None;
        }
    }

    /// The channel is gone, whoever closed it.
    pub fn remove(&self, id: ChannelId) {
        if let Some(entry) = self.lock().remove(&id) {
            entry.closed.cancel();
        }
    }

    /// Ends every channel and waits until everything the connection started is gone.
    pub async fn end(&self) {
        self.ended.cancel();
        self.lock().clear();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Whether another channel may be opened.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.lock().len() < CHANNEL_LIMIT
    }

    fn register(&self, id: ChannelId) -> Option<(Inbox, CancellationToken)> {
        let (feed, inbox) = inbox::channel(&self.backlog);
        let closed = self.ended.child_token();
        let mut open = self.lock();
        if open.len() >= CHANNEL_LIMIT || self.ended.is_cancelled() {
            return None;
        }
        open.insert(id, Entry { feed: Some(feed), closed: closed.clone(), arrived: None });
        Some((inbox, closed))
    }

    fn port(self: &Arc<Self>, channel: Channel<Msg>, inbox: Inbox, closed: CancellationToken) -> Port {
        let id = channel.id();
        // Without its reader the library's own queue accepts nothing, so it can never block the connection.
        let (_, write) = channel.split();
        Port { id, write, inbox, closed, channels: Arc::clone(self) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ChannelId, Entry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes a channel in order: everything written before has been sent, then end of data, then close.
pub async fn close(write: &ChannelWriteHalf<Msg>, channels: &Channels) {
    // Errors mean that the connection is gone, and the channel with it.
    let _ = write.eof().await;
    let _ = write.close().await;
    channels.remove(write.id());
}
