//! The tunnel's socket: what it says as events, what it is told. Without the service, user-space mode is looked for.
//! Reconnects for as long as the program runs.

use std::path::PathBuf;
use std::time::Duration;

use client::tunnel::{self, Picture, Tunnel, TunnelError};
use proto::ipc::{Call, Description};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::event::{Event, TunnelNews};
use crate::place::Place;
use crate::sessions::Sessions;

/// Between two looks for a service that is not there.
const LOOK: Duration = Duration::from_secs(2);
/// Counters change all the time; the menu needs them less often.
const GATHER: Duration = Duration::from_millis(200);

/// What the tunnel is told.
#[derive(Debug)]
pub enum Order {
    Connect(Vec<Place>),
    Disconnect,
    Wake,
}

/// Where tunnels listen.
pub struct Sockets {
    pub system: PathBuf,
    pub userspace: PathBuf,
}

impl Sockets {
    pub fn of(userspace: PathBuf) -> Self {
        let system = tunnel::socket(std::env::var_os(tunnel::SOCKET_VARIABLE).as_deref());
        Self { system, userspace }
    }
}

/// Starts following; orders go to the returned channel, and the task ends with it.
pub fn follow(
    sockets: Sockets,
    sessions: Sessions,
    events: mpsc::Sender<Event>,
) -> (mpsc::Sender<Order>, JoinHandle<()>) {
    let (orders, waiting) = mpsc::channel(64);
    (orders, tokio::spawn(Follower { sockets, sessions, events, orders: waiting }.run()))
}

struct Follower {
    sockets: Sockets,
    sessions: Sessions,
    events: mpsc::Sender<Event>,
    orders: mpsc::Receiver<Order>,
}

impl Follower {
    async fn run(mut self) {
        let mut last = None;
        loop {
            let news = match self.open().await {
                Ok((tunnel, is_userspace)) => {
                    last = None;
                    match self.watch(tunnel, is_userspace).await {
                        Ok(()) => return,
                        Err(error) => silence(&error),
                    }
                }
                Err(error) => silence(&error),
            };
            if last.as_ref() != Some(&news) {
                let _ = self.events.send(news.clone().into()).await;
            }
            last = Some(news);
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                order = self.orders.recv() => match order {
                    None => return,
                    Some(Order::Connect(_)) => {
                        let text = "There is no tunnel service to connect with".to_owned();
                        let _ = self.events.send(Event::Trouble(text)).await;
                    }
                    Some(Order::Disconnect | Order::Wake) => {}
                },
            }
        }
    }

    async fn open(&self) -> Result<(Tunnel, bool), TunnelError> {
        match Tunnel::open(&self.sockets.system).await {
            Err(error) if error.is_absent() => match Tunnel::open(&self.sockets.userspace).await {
                Ok(tunnel) => Ok((tunnel, true)),
                Err(other) if other.is_absent() => Err(error),
                Err(other) => Err(other),
            },
            other => other.map(|tunnel| (tunnel, false)),
        }
    }

    /// Carries news and orders until the connection ends; `Ok` when nobody gives orders any more.
    async fn watch(&mut self, mut tunnel: Tunnel, is_userspace: bool) -> Result<(), TunnelError> {
        let mut picture = tunnel.watch().await?;
        self.say(&picture, is_userspace).await;
        let mut stale_until: Option<Instant> = None;
        loop {
            tokio::select! {
                event = tunnel.next() => {
                    picture.apply(event?);
                    stale_until.get_or_insert_with(|| Instant::now() + GATHER);
                }
                () = tokio::time::sleep_until(stale_until.unwrap_or_else(Instant::now)), if stale_until.is_some() => {
                    self.say(&picture, is_userspace).await;
                    stale_until = None;
                }
                order = self.orders.recv() => {
                    let Some(order) = order else { return Ok(()) };
                    for call in self.calls(order) {
                        match tunnel.call(call).await {
                            Err(TunnelError::Refused(fault)) => {
                                let error = TunnelError::Refused(fault);
                                let text = format!("The tunnel refused: {}", with_step(&error));
                                let _ = self.events.send(Event::Trouble(text)).await;
                            }
                            other => other?,
                        }
                    }
                }
            }
        }
    }

    fn calls(&self, order: Order) -> Vec<Call> {
        match order {
            Order::Disconnect => vec![Call::Disconnect { url: None }],
            Order::Wake => vec![Call::Wake],
            Order::Connect(places) => {
                let describe = |place: &Place| {
                    let (deployment, is_local) = self.sessions.at(place)?;
                    let token = deployment.token()?.clone();
                    Some(Call::Connect(Description { url: place.as_str().to_owned(), token, is_local }))
                };
                places.iter().filter_map(describe).collect()
            }
        }
    }

    async fn say(&self, picture: &Picture, is_userspace: bool) {
        let _ = self.events.send(TunnelNews::Is { picture: picture.clone(), is_userspace }.into()).await;
    }
}

fn silence(error: &TunnelError) -> TunnelNews {
    if error.is_absent() || matches!(error, TunnelError::Lost(_)) {
        TunnelNews::Absent
    } else {
        TunnelNews::Silent(with_step(error))
    }
}

fn with_step(error: &TunnelError) -> String {
    error.next_step().map_or_else(|| error.to_string(), |step| format!("{error}: {step}"))
}
