//! The machine's network as the service sees it: a task that carries out one order after the other and tells what
//! happens. Not here: how it is done (`network`), and when (`state`).

use std::io;
use std::net::Ipv6Addr;

use bytes::BytesMut;
use mesh::names::Suffix;
use proto::ipc::{Health, NameService};
use tokio::sync::mpsc;

use crate::network::{self, Network};
use crate::os::{Tun, TunReader, TunWriter};

/// Reads packets from the device, on a thread of its own.
pub trait Reader: Send + 'static {
    /// Waits for packets and calls `each` for every one of what was read. `Err` when the device is gone or the reading
    /// was stopped.
    ///
    /// # Errors
    /// The device's.
    fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()>;
}

/// Gives packets to the device, from any thread.
pub trait Writer: Send + 'static {
    /// Takes all of these; drops what the kernel does not take. Never waits.
    fn write(&mut self, packets: &mut Vec<BytesMut>);
    /// One more of the same device, for another thread.
    fn another(&self) -> Box<dyn Writer>;
}

/// A network device that exists.
pub struct Link {
    /// Its name.
    pub name: String,
    /// See [`Reader`].
    pub reader: Box<dyn Reader>,
    /// See [`Writer`].
    pub writer: Box<dyn Writer>,
    /// Makes a blocked read return.
    pub stop: Box<dyn Fn() + Send>,
}

/// What happened to the machine by itself.
pub enum Change {
    /// Addresses or the default route changed.
    Moved,
    /// It woke up.
    Woke,
    /// No usable link.
    Offline,
    /// [`Machine::health`] differs.
    Health,
    /// The device vanished and was made again.
    Device(Link),
}

/// The machine. A trait so that the service is tested without one.
pub trait Machine: Send + 'static {
    /// Device, address, routes. Idempotent.
    fn bring_up(&mut self, address: Ipv6Addr) -> impl Future<Output = Result<Link, Health>> + Send;
    /// Tells the system's resolver which suffixes are ours.
    fn set_names(&mut self, suffixes: &[Suffix]) -> impl Future<Output = NameService> + Send;
    /// The system's resolver is to keep no answer of ours.
    fn forget_names(&mut self) -> impl Future<Output = ()> + Send;
    /// Leaves everything as it was found.
    fn take_down(&mut self) -> impl Future<Output = ()> + Send;
    /// What is wrong now.
    fn health(&self) -> Vec<Health>;
    /// The next thing that happens; cancel safe.
    fn next(&mut self) -> impl Future<Output = Change> + Send;
}

/// This machine.
pub struct System(pub Network);

impl Machine for System {
    async fn bring_up(&mut self, address: Ipv6Addr) -> Result<Link, Health> {
        let tun = self.0.bring_up(address).await.map_err(|error| {
            tracing::warn!(source = std::error::Error::source(&error), "{error}");
            error.health()
        })?;
        Ok(tun.into())
    }

    async fn set_names(&mut self, suffixes: &[Suffix]) -> NameService {
        self.0.set_names(suffixes).await
    }

    async fn forget_names(&mut self) {
        self.0.forget_names().await;
    }

    async fn take_down(&mut self) {
        self.0.take_down().await;
    }

    fn health(&self) -> Vec<Health> {
        self.0.health()
    }

    async fn next(&mut self) -> Change {
        match self.0.next().await {
            network::Change::Moved => Change::Moved,
            network::Change::Woke => Change::Woke,
            network::Change::Offline => Change::Offline,
            network::Change::Health => Change::Health,
            network::Change::Device(tun) => Change::Device(tun.into()),
        }
    }
}

impl From<Tun> for Link {
    fn from(tun: Tun) -> Self {
        let stopper = tun.reader.stopper();
        let stop = Box::new(move || stopper.stop());
        Self { name: tun.name, reader: Box::new(tun.reader), writer: Box::new(tun.writer), stop }
    }
}

impl Reader for TunReader {
    fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        TunReader::read(self, each)
    }
}

impl Writer for TunWriter {
    fn write(&mut self, packets: &mut Vec<BytesMut>) {
        TunWriter::write(self, packets);
    }

    fn another(&self) -> Box<dyn Writer> {
        Box::new(self.clone())
    }
}

/// What the service wants of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// See [`Machine::bring_up`].
    BringUp(Ipv6Addr),
    /// See [`Machine::set_names`].
    SetNames(Vec<Suffix>),
    /// See [`Machine::forget_names`].
    ForgetNames,
    /// See [`Machine::take_down`].
    TakeDown,
}

/// What the service hears of the machine.
pub enum MachineNews {
    /// The device is there.
    Up(Link),
    /// It cannot be made.
    Failed(Health),
    /// The system's resolver was told, in this way.
    Named(NameService),
    /// Everything is as it was found.
    Down,
    /// What is wrong now.
    Health(Vec<Health>),
    /// Paths must be distrusted: it moved or woke.
    Moved,
    /// It has no network.
    Offline,
}

/// Carries out orders until there is nobody left to give any; leaves the machine as it was found.
pub async fn run(mut machine: impl Machine, mut orders: mpsc::Receiver<Order>, news: mpsc::Sender<MachineNews>) {
    let mut health = machine.health();
    if !health.is_empty() {
        let _ = news.send(MachineNews::Health(health.clone())).await;
    }
    loop {
        let said = tokio::select! {
            order = orders.recv() => match order {
                Some(Order::BringUp(address)) => match machine.bring_up(address).await {
                    Ok(link) => MachineNews::Up(link),
                    Err(health) => MachineNews::Failed(health),
                },
                Some(Order::SetNames(suffixes)) => MachineNews::Named(machine.set_names(&suffixes).await),
                Some(Order::ForgetNames) => {
                    machine.forget_names().await;
                    continue;
                }
                Some(Order::TakeDown) => {
                    machine.take_down().await;
                    MachineNews::Down
                }
                None => return machine.take_down().await,
            },
            change = machine.next() => match change {
                Change::Moved | Change::Woke => MachineNews::Moved,
                Change::Offline => MachineNews::Offline,
                Change::Health => MachineNews::Health(machine.health()),
                Change::Device(link) => MachineNews::Up(link),
            },
        };
        // The service is ending when nobody listens; its orders end as well then.
        let _ = news.send(said).await;
        let now = machine.health();
        if now != health {
            health.clone_from(&now);
            let _ = news.send(MachineNews::Health(now)).await;
        }
    }
}
