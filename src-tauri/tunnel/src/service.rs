//! The one loop: everything that can happen, one after the other, and what follows from it.
//!
//! ```text
//!   sockets, requests ─┐                                   ┌─► deployments (start, stop, poke)
//!   deployments stirred┼─► Happened ─► Door, State ─► effects ─► machine (orders)
//!   machine            ┘                                   └─► Board (names, addresses), watchers
//! ```
//!
//! Nothing here waits for anything slow: deployments, the machine and every client have tasks of their own. Not here:
//! decisions (`state`, `owner`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proto::ipc::frame::encode;
use proto::ipc::{Call, Event, Fault, FaultCode, FromService, Outcome, Reply, Request};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::deployment::{Running, Start, random};
use crate::gate::Gate;
use crate::ipc::{Listener, Outbox, converse, outbox};
use crate::machine::{self, Link, Machine, MachineNews, Order};
use crate::news::Picture;
use crate::owner::{Credentials, Door, MAX_WATCHERS, Uid};
use crate::pump::{Board, Pump, View, serve_streams};
use crate::state::{Effect, Key, State};

/// Watchers hear at most this often.
const COALESCE: Duration = Duration::from_millis(250);
/// After a device that could not be made.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// Requests and callers that wait for the loop; beyond it they wait in their sockets.
const QUEUE: usize = 64;
/// Packets of names over TCP that wait.
const STREAM_PACKETS: usize = 256;
/// Deployments say goodbye within this when the service ends.
const GOODBYES: Duration = Duration::from_secs(3);

/// Names a connection.
type ClientId = u64;

/// What clients' tasks say.
enum FromClient {
    Said(ClientId, Request),
    Gone(ClientId),
}

/// Everything that can happen.
enum Happened {
    Arrived(UnixStream, Credentials),
    Client(FromClient),
    Stirred,
    Machine(MachineNews),
    /// Other people sit at this machine.
    Seated(BTreeSet<u32>),
    /// Watchers are due.
    Tell,
    /// The device is due again.
    TryAgain,
    Alive,
    Stop,
}

struct Client {
    uid: Uid,
    outbox: Outbox,
    is_watching: bool,
}

struct Service {
    door: Door,
    state: State,
    clients: HashMap<ClientId, Client>,
    last_client: ClientId,
    from_clients: mpsc::Sender<FromClient>,
    deployments: HashMap<Key, Running>,
    leaving: JoinSet<()>,
    stirred: Arc<Notify>,
    watched: watch::Sender<bool>,
    orders: mpsc::Sender<Order>,
    board: Arc<Board>,
    gate: Arc<Gate>,
    streams: mpsc::Sender<Bytes>,
    pump: Option<Pump>,
    told: Picture,
    told_at: Instant,
    is_dirty: bool,
    try_again: Option<Instant>,
}

/// Signs of life for whoever supervises us.
pub struct Watchdog {
    /// How often.
    pub period: Duration,
    /// The sign.
    pub alive: fn(),
}

/// Serves until `stop`; leaves the machine as it was found.
///
/// # Errors
/// No randomness, or the listening socket broke.
pub async fn run(
    machine: impl Machine,
    listener: Listener,
    group: Option<u32>,
    mut seats: watch::Receiver<BTreeSet<u32>>,
    watchdog: Option<Watchdog>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let mut address = [0; 16];
    address[6..].copy_from_slice(&random::<10>()?);
    let address = proto::address::under(proto::address::PREFIX, uuid::Uuid::from_bytes(address));
    let board = Arc::new(Board::default());
    let (streams, stream_packets) = mpsc::channel(STREAM_PACKETS);
    tokio::spawn(serve_streams(board.clone(), stream_packets, u64::from_ne_bytes(random()?)));
    let (orders, machine_orders) = mpsc::channel(QUEUE);
    let (machine_news, mut news) = mpsc::channel(QUEUE);
    let machine = tokio::spawn(machine::run(machine, machine_orders, machine_news));
    let (from_clients, mut said) = mpsc::channel(QUEUE);
    let stirred = Arc::new(Notify::new());
    let mut service = Service {
        door: Door::new(group),
        state: State::new(address),
        clients: HashMap::new(),
        last_client: 0,
        from_clients,
        deployments: HashMap::new(),
        leaving: JoinSet::new(),
        stirred: stirred.clone(),
        watched: watch::Sender::new(false),
        orders,
        board,
        gate: Arc::new(Gate::new(address)),
        streams,
        pump: None,
        told: Picture::default(),
        told_at: Instant::now(),
        is_dirty: true,
        try_again: None,
    };
    tokio::pin!(stop);
    let mut next_sign = watchdog.as_ref().map(|_| Instant::now());
    loop {
        let happened = tokio::select! {
            biased;
            () = &mut stop => Happened::Stop,
            () = due(next_sign) => Happened::Alive,
            Some(news) = news.recv() => Happened::Machine(news),
            () = stirred.notified() => Happened::Stirred,
            Some(said) = said.recv() => Happened::Client(said),
            Ok(()) = seats.changed() => Happened::Seated(seats.borrow_and_update().clone()),
            () = due(service.try_again) => Happened::TryAgain,
            () = due(service.tell_at()) => Happened::Tell,
            arrived = listener.accept() => { let (stream, caller) = arrived?; Happened::Arrived(stream, caller) }
        };
        match happened {
            Happened::Stop => break,
            Happened::Alive => {
                next_sign = watchdog.as_ref().map(|watchdog| Instant::now() + watchdog.period);
                watchdog.iter().for_each(|watchdog| (watchdog.alive)());
            }
            Happened::Seated(users) => {
                if let Err(error) = listener.admit(&users) {
                    tracing::warn!(%error, "who sits at this machine cannot be let in; use the group");
                }
                service.door.seat(users);
            }
            happened => service.handle(happened).await,
        }
    }
    service.end().await;
    // Its orders ended with the service: now it takes everything down and ends.
    while news.recv().await.is_some() {}
    Ok(machine.await?)
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl Service {
    async fn handle(&mut self, happened: Happened) {
        match happened {
            Happened::Arrived(stream, caller) => self.arrived(stream, &caller),
            Happened::Client(FromClient::Said(client, request)) => self.said(client, request),
            Happened::Client(FromClient::Gone(client)) => self.forget(client),
            Happened::Stirred => {
                let changed = self.deployments.iter().filter_map(|(key, running)| Some((*key, running.show().take()?)));
                for (key, face) in changed.collect::<Vec<_>>() {
                    self.state.face(key, face);
                }
            }
            Happened::Machine(news) => self.machine(news),
            Happened::Tell => return self.tell(),
            Happened::TryAgain => {
                self.try_again = None;
                self.state.bring_up();
            }
            Happened::Seated(_) | Happened::Alive | Happened::Stop => {}
        }
        self.is_dirty = true;
        for effect in self.state.effects() {
            self.carry_out(effect).await;
        }
        while self.leaving.try_join_next().is_some() {}
    }

    fn arrived(&mut self, stream: UnixStream, caller: &Credentials) {
        let Some(uid) = self.door.admit(caller) else {
            tracing::debug!(uid = caller.uid, "a caller who may not speak");
            return;
        };
        self.last_client += 1;
        let (id, (outbox, unsent), sender) = (self.last_client, outbox(), self.from_clients.clone());
        self.clients.insert(id, Client { uid, outbox, is_watching: false });
        tokio::spawn(async move {
            let hear = |request| {
                let said = sender.send(FromClient::Said(id, request));
                async move { said.await.is_ok() }
            };
            let ended = converse(stream, unsent, hear).await;
            tracing::debug!(%ended, "a conversation ended");
            let _ = sender.send(FromClient::Gone(id)).await;
        });
    }

    fn forget(&mut self, id: ClientId) {
        let Some(client) = self.clients.remove(&id) else { return };
        self.door.leave(client.uid);
        self.note_watchers();
    }

    fn said(&mut self, id: ClientId, request: Request) {
        // One that was sent away meanwhile is not heard.
        let Some(uid) = self.clients.get(&id).map(|client| client.uid) else { return };
        let Request { id: number, call } = request;
        let is_watch = matches!(call, Call::Watch);
        if self.door.is_owned() && !self.door.is_owner(uid) {
            return self.forget(id);
        }
        let takes = matches!(call, Call::Connect(_));
        let outcome = match call {
            Call::Watch if !self.may_watch(id, uid) => too_many_watchers(),
            call => self.state.call(call),
        };
        let is_done = outcome == Outcome::Done;
        self.send(id, &FromService::Reply(Reply { id: number, outcome }));
        if is_watch && is_done {
            self.watch(id);
        }
        if takes && is_done && self.door.own(uid) {
            self.send_others_away(uid);
        }
    }

    /// Whoever is inside when somebody takes the tunnel must not see or change what is not theirs.
    fn send_others_away(&mut self, uid: Uid) {
        let others = self.clients.iter().filter(|(_, client)| client.uid != uid);
        for id in others.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.forget(id);
        }
    }

    fn may_watch(&self, id: ClientId, uid: Uid) -> bool {
        let others = self.clients.iter().filter(|(other, client)| **other != id && client.uid == uid);
        others.filter(|(_, client)| client.is_watching).count() < MAX_WATCHERS
    }

    /// Everybody is brought to the same picture first, so that differences fit all.
    fn watch(&mut self, id: ClientId) {
        self.tell();
        if let Some(client) = self.clients.get_mut(&id) {
            client.is_watching = true;
        }
        for event in self.told.whole() {
            self.send(id, &FromService::Event(event));
        }
        self.note_watchers();
    }

    fn note_watchers(&self) {
        let is_watched = self.clients.values().any(|client| client.is_watching);
        self.watched.send_if_modified(|before| std::mem::replace(before, is_watched) != is_watched);
    }

    fn send(&mut self, id: ClientId, message: &FromService) {
        match encode(message) {
            Ok(frame) => self.put(id, Bytes::from(frame)),
            // Cannot be: every event is cut to fit.
            Err(error) => tracing::error!(%error, "a message that does not fit a frame"),
        }
    }

    fn put(&mut self, id: ClientId, frame: Bytes) {
        let Some(client) = self.clients.get(&id) else { return };
        if !client.outbox.put(frame) {
            tracing::debug!("a client that does not read");
            self.forget(id);
        }
    }

    fn tell_at(&self) -> Option<Instant> {
        self.is_dirty.then(|| self.told_at + COALESCE)
    }

    /// Tells watchers what differs from what they know.
    fn tell(&mut self) {
        let picture = self.state.picture();
        let events: Vec<Event> = picture.since(&self.told);
        (self.told, self.told_at, self.is_dirty) = (picture, Instant::now(), false);
        let watchers = self.clients.iter().filter(|(_, client)| client.is_watching).map(|(id, _)| *id);
        let watchers: Vec<ClientId> = watchers.collect();
        if watchers.is_empty() {
            return;
        }
        for event in events {
            match encode(&FromService::Event(event)) {
                Ok(frame) => {
                    let frame = Bytes::from(frame);
                    watchers.iter().for_each(|id| self.put(*id, frame.clone()));
                }
                Err(error) => tracing::error!(%error, "an event that does not fit a frame"),
            }
        }
    }

    fn machine(&mut self, news: MachineNews) {
        match news {
            MachineNews::Up(link) => self.up(link),
            MachineNews::Failed(health) => {
                tracing::warn!(code = ?health.code, detail = %health.detail, "no network device");
                self.state.device_failed(health);
            }
            MachineNews::Named(how) => self.state.named(how),
            // A device that came up after it was not wanted any more is gone again.
            MachineNews::Down => self.cut(),
            MachineNews::Health(health) => self.state.machine_health(health),
            MachineNews::Moved => self.state.moved(),
            MachineNews::Offline => self.state.offline(),
        }
    }

    fn up(&mut self, link: Link) {
        let Link { name, reader, writer, stop } = link;
        self.board.set_writer(Some(writer));
        // The former thread ends before the next begins to read.
        self.pump = None;
        match Pump::start(reader, stop, self.board.clone(), self.gate.clone(), self.streams.clone()) {
            Ok(pump) => {
                self.pump = Some(pump);
                self.state.device_up(name);
            }
            Err(error) => tracing::error!(%error, "no thread for the device"),
        }
    }

    fn cut(&mut self) {
        self.pump = None;
        self.board.set_writer(None);
    }

    async fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Order(order) => {
                if order == Order::TakeDown {
                    self.cut();
                }
                // The machine's task lives as long as we do.
                let _ = self.orders.send(order).await;
            }
            Effect::TryAgain => self.try_again = Some(Instant::now() + TRY_AGAIN),
            Effect::Start(key, description) => {
                let running = Running::start(Start {
                    key,
                    description,
                    board: self.board.clone(),
                    gate: self.gate.clone(),
                    stirred: self.stirred.clone(),
                    watched: self.watched.subscribe(),
                });
                self.deployments.insert(key, running);
            }
            Effect::Stop(key) => {
                if let Some(running) = self.deployments.remove(&key) {
                    self.leaving.spawn(running.stop());
                }
            }
            Effect::Refresh => self.refresh(),
            Effect::Poke => self.deployments.values().for_each(Running::poke),
            Effect::Disown => self.door.disown(),
        }
    }

    fn refresh(&self) {
        let engine = |(key, running): (&Key, &Running)| Some((*key, running.show().outward()?));
        self.board.show(View {
            directory: self.state.directory(),
            routes: self.state.routes(),
            engines: self.deployments.iter().filter_map(engine).collect(),
            is_settled: self.state.is_settled(),
        });
    }

    /// Everything ends: names first, then engines, then the device.
    async fn end(mut self) {
        self.state.call(Call::Disconnect { url: None });
        for effect in self.state.effects() {
            self.carry_out(effect).await;
        }
        let goodbyes = async { while self.leaving.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GOODBYES, goodbyes).await;
    }
}

fn too_many_watchers() -> Outcome {
    let text = format!("{MAX_WATCHERS} programs already watch the tunnel; close one of them.");
    Outcome::Refused(Fault { code: FaultCode::TooMany, text, health: None })
}
