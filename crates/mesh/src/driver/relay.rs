//! The relay client: one task per region that connects, says who we are, carries packets, and connects again with
//! backoff until it is told to end (spec `derp-disco-stun.md` 2 and 3).
//!
//! ```text
//!  run_loop ── Send, Prefer, Check ──► task of a region ──► connect (upgrade) ──► reader ‖ writer ── until one ends
//!           ◄── packets, Connected, Disconnected, … ──┘        ▲                                       │
//!                                                              └────── backoff up to 5 s ◄─────────────┘
//! ```
//!
//! Packets beyond the queue's cap, or beyond the rate that the relay asked for, are dropped, as on any link.

mod bucket;
mod connection;
mod upgrade;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use proto::derp_map::Region;
use proto::key::{NodePrivate, NodePublic};
use tokio::sync::mpsc;

use super::command::{FromRelay, RelayNews};
use super::dial::Dialer;
use crate::engine::RelayEvent;

/// Packets that wait for one relay connection.
const QUEUE: usize = 1024;
/// First and last pause between two attempts.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LAST_BACKOFF: Duration = Duration::from_secs(5);
/// A connection that lasted this long was a good one: the next failure starts with the first pause.
const GOOD_AFTER: Duration = Duration::from_secs(10);

/// What the loop says to the task of a region.
pub enum ToRelay {
    /// Send a packet to a peer.
    Send { to: NodePublic, data: BytesMut },
    /// Whether the region is our home.
    Prefer(bool),
    /// The network changed: make sure that the connection is alive. It hardly is when an address of ours went.
    Check { lost_address: bool },
}

/// What all relay connections share.
#[derive(Clone)]
pub struct RelayIdentity {
    pub node_key: NodePrivate,
    pub headers: Vec<(String, String)>,
    pub dialer: Arc<Dialer>,
    /// Use websockets everywhere.
    pub force_websockets: Arc<AtomicBool>,
}

/// The loop's end of a relay task. Dropping it ends the task.
pub struct Relay {
    region: Region,
    home: bool,
    commands: mpsc::Sender<ToRelay>,
    task: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// Starts the task.
    pub fn start(
        tasks: &tokio::runtime::Handle,
        region: Region,
        home: bool,
        identity: RelayIdentity,
        news: mpsc::Sender<FromRelay>,
    ) -> Self {
        let (commands, inbox) = mpsc::channel(QUEUE);
        let task = Task { region: region.clone(), home, identity, news, inbox, forced: false };
        Self { region, home, commands, task: tasks.spawn(task.run()) }
    }

    /// Whether it connects to this region as the map has it.
    pub fn is_of(&self, region: &Region) -> bool {
        self.region == *region
    }

    /// Whether the region is our home.
    pub fn is_home(&self) -> bool {
        self.home
    }

    /// Says whether the region is our home.
    pub fn prefer(&mut self, home: bool) {
        self.home = home;
        self.tell(ToRelay::Prefer(home));
    }

    /// Sends, or drops when the queue is full.
    pub fn tell(&self, command: ToRelay) {
        let _ = self.commands.try_send(command);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Task {
    region: Region,
    home: bool,
    identity: RelayIdentity,
    news: mpsc::Sender<FromRelay>,
    inbox: mpsc::Receiver<ToRelay>,
    /// The region's relay, or what stands before it, has refused the plain upgrade once.
    forced: bool,
}

impl Task {
    async fn run(mut self) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            let started = tokio::time::Instant::now();
            let uses_websockets = self.uses_websockets();
            let connected = tokio::select! {
                connected = upgrade::connect(&self.region, &self.identity, uses_websockets) => connected,
                is_over = until_checked(&mut self.inbox, &mut self.home) => {
                    if is_over {
                        return;
                    }
                    // The network changed: what began on the former one would only run into its deadline.
                    backoff = FIRST_BACKOFF;
                    continue;
                }
            };
            match connected {
                Ok(link) => {
                    // What waited for the connection is stale: its senders have repeated it or given up.
                    self.drain_inbox();
                    self.report(RelayEvent::Connected).await;
                    let ended =
                        connection::run(link, &mut self.inbox, &mut self.home, self.region.region_id, &self.news);
                    let ended = ended.await;
                    self.report(RelayEvent::Disconnected).await;
                    match ended {
                        connection::Ended::Closed => return,
                        connection::Ended::Broken(error) => {
                            tracing::debug!(region = self.region.region_id, error = %error, "relay connection ended");
                        }
                        connection::Ended::Restarting(pause) => tokio::time::sleep(pause).await,
                    }
                }
                Err(error) => {
                    if error.asks_for_websockets() && !self.forced {
                        self.forced = true;
                        self.report(RelayEvent::ForcedWebsocket).await;
                        continue;
                    }
                    let problem = Chain(&error).to_string();
                    tracing::debug!(region = self.region.region_id, error = %problem, "cannot connect to relay");
                    let news = RelayNews::Problem(problem);
                    let _ = self.news.send(FromRelay { region: self.region.region_id, news }).await;
                }
            }
            if started.elapsed() >= GOOD_AFTER {
                backoff = FIRST_BACKOFF;
            }
            let pause = tokio::time::timeout(backoff, until_checked(&mut self.inbox, &mut self.home)).await;
            backoff = match pause {
                Err(_) => (backoff * 2).min(LAST_BACKOFF),
                Ok(false) => FIRST_BACKOFF,
                Ok(true) => return,
            };
        }
    }

    fn uses_websockets(&self) -> bool {
        self.forced || self.identity.force_websockets.load(Ordering::Relaxed)
    }

    async fn report(&self, event: RelayEvent) {
        let _ = self.news.send(FromRelay { region: self.region.region_id, news: RelayNews::Event(event) }).await;
    }

    fn drain_inbox(&mut self) {
        while let Ok(command) = self.inbox.try_recv() {
            if let ToRelay::Prefer(home) = command {
                self.home = home;
            }
        }
    }
}

/// Hears the loop, while there is no connection, until the network changes (false) or the task is to end (true). Packets
/// are dropped: whoever sent them will have repeated them or given up. Cancel safe.
async fn until_checked(inbox: &mut mpsc::Receiver<ToRelay>, home: &mut bool) -> bool {
    loop {
        match inbox.recv().await {
            None => return true,
            Some(ToRelay::Prefer(preferred)) => *home = preferred,
            Some(ToRelay::Check { .. }) => return false,
            Some(ToRelay::Send { .. }) => {}
        }
    }
}

/// An error with its sources, for one log line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
