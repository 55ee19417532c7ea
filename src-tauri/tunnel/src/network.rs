//! The machine's network as the service uses it: up, down, names, and the next thing that happened to it.
//!
//! A facade: `plan` says what is to be done, `journal` remembers it first, `os` does it. Not here: packets, names
//! themselves, deployments.

mod debounce;
mod wake;

use std::collections::VecDeque;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use mesh::names::Suffix;
use proto::ipc::{Health, HealthCode, NameService};
use tokio::time::Instant;

use crate::journal::Journal;
pub use crate::os::NetworkError;
use crate::os::{Foreign, Look, Machine, Names, Outlook, Tun};
use crate::plan::{Act, Removal, Step, plan, removal};
use debounce::Debounce;
use wake::WakeWatch;

/// How often clocks are compared, and files that others may overwrite.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// After a failure, before the same is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// Rounds of looking and doing until a plan must have come to rest.
const ROUNDS: usize = 3;

/// What the administrator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the device.
    pub device: String,
    /// A folder of our own.
    pub state_dir: PathBuf,
    /// Whether `/etc/resolv.conf` may be changed when nothing else helps.
    pub resolv_conf: bool,
    /// D-Bus to use instead of the system's.
    pub bus: Option<String>,
}

/// What happened to the machine.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // It is moved once, and rarely.
pub enum Change {
    /// Addresses or the default route changed, or the link is back: paths are to be distrusted.
    Moved,
    /// Resumed from sleep.
    Woke,
    /// No usable link.
    Offline,
    /// [`Network::health`] differs.
    Health,
    /// The device vanished and was made again.
    Device(Tun),
}

/// The network of this machine.
#[derive(Debug)]
pub struct Network {
    settings: Settings,
    journal: Journal,
    machine: Machine,
    names: Names,
    /// Our address, while the tunnel is to be up.
    wanted: Option<Ipv6Addr>,
    suffixes: Vec<Suffix>,
    told: NameService,
    tell_again: bool,
    outlook: Outlook,
    foreign: Vec<Foreign>,
    trouble: Option<Health>,
    name_trouble: Option<Health>,
    debounce: Debounce,
    look_around_at: Instant,
    wake: WakeWatch,
    flap: bool,
    changes: VecDeque<Change>,
}

impl Network {
    /// Undoes what an earlier run left, before anything else.
    ///
    /// # Errors
    /// The state folder is not safe, or the kernel does not answer.
    pub async fn recover(settings: Settings) -> Result<Self, NetworkError> {
        let folder = settings.state_dir.display().to_string();
        let journal = Journal::open(&settings.state_dir).map_err(|source| NetworkError::State { folder, source })?;
        let mut network = Self {
            machine: Machine::open(&settings)?,
            names: Names::open(&settings)?,
            settings,
            journal,
            wanted: None,
            suffixes: Vec::new(),
            told: NameService::None,
            tell_again: false,
            outlook: Outlook::default(),
            foreign: Vec::new(),
            trouble: None,
            name_trouble: None,
            debounce: Debounce::default(),
            look_around_at: Instant::now() + LOOK_AROUND,
            wake: WakeWatch::new(Machine::clocks()),
            flap: false,
            changes: VecDeque::new(),
        };
        if !network.journal.pending().is_empty() {
            tracing::info!(steps = ?network.journal.pending(), "an earlier run left these; they are undone");
        }
        network.clear().await;
        let look = network.machine.look().await?;
        network.keep(look);
        Ok(network)
    }

    /// Makes device, address, route, rules and dead end. Called again, it makes the device anew; the old reader and
    /// writer are then at their end.
    ///
    /// # Errors
    /// [`NetworkError`]; everything is as it was before.
    pub async fn bring_up(&mut self, address: Ipv6Addr) -> Result<Tun, NetworkError> {
        if self.wanted.replace(address).is_some() {
            self.machine.unmake(Step::Device).await?;
        }
        let result = self.apply().await;
        let made = match result {
            Ok(look) => {
                self.keep(look);
                self.machine.take_device().ok_or(NetworkError::DeviceTaken(self.settings.device.clone()))
            }
            Err(error) => Err(error),
        };
        match made {
            Ok(tun) => {
                self.trouble = None;
                Ok(tun)
            }
            Err(error) => {
                self.wanted = None;
                self.clear().await;
                Err(error)
            }
        }
    }

    /// Tells the system's resolver which suffixes are ours. It never holds up packets.
    pub async fn set_names(&mut self, suffixes: &[Suffix]) -> NameService {
        let mut suffixes = suffixes.to_vec();
        suffixes.sort();
        suffixes.dedup();
        self.suffixes = suffixes;
        self.tell_names().await;
        self.told
    }

    /// The system's resolver forgets what it learnt from us: a workspace that has stopped has no name any more, and two
    /// seconds of a resolver's memory would be most of what we promise.
    pub async fn forget_names(&mut self) {
        if let Err(error) = self.names.forget(self.told).await {
            tracing::debug!(%error, "the resolver keeps names that are gone for two seconds");
        }
    }

    /// Everything as it was found.
    pub async fn take_down(&mut self) {
        self.wanted = None;
        self.suffixes.clear();
        self.clear().await;
        self.told = NameService::None;
        self.trouble = None;
        self.name_trouble = None;
    }

    /// What is wrong with the machine now.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        let mut all: Vec<Health> = self.trouble.iter().chain(&self.name_trouble).cloned().collect();
        all.extend(self.foreign.iter().map(|foreign| Health::new(HealthCode::ForeignRoute, foreign.to_string())));
        if !self.outlook.is_usable() {
            all.push(Health::new(HealthCode::NoNetwork, "no link with an address has a carrier"));
        }
        all
    }

    /// The next thing that happened to the machine. What somebody took away from us is put back first. Cancel safe.
    pub async fn next(&mut self) -> Change {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return change;
            }
            if self.debounce.is_due(Instant::now()) {
                self.settle().await;
                continue;
            }
            let until = self.debounce.due().map_or(self.look_around_at, |due| due.min(self.look_around_at));
            tokio::select! {
                happened = self.machine.happened() => {
                    self.flap |= happened.flap;
                    self.tell_again |= happened.resolver;
                    if happened.woke {
                        self.woke();
                    }
                    self.debounce.note(Instant::now());
                }
                () = tokio::time::sleep_until(until) => self.look_around(),
            }
        }
    }

    /// What no notice tells us of. In a rhythm of its own, which notices do not disturb.
    fn look_around(&mut self) {
        if Instant::now() < self.look_around_at {
            return;
        }
        self.look_around_at = Instant::now() + LOOK_AROUND;
        if self.wake.jumped(Machine::clocks()) {
            self.woke();
        }
        // What is about to be told again was counted already.
        if !self.tell_again && self.names.was_overwritten(Instant::now()) {
            self.tell_again = true;
            self.debounce.note(Instant::now());
        }
    }

    fn woke(&mut self) {
        tracing::info!("the machine woke up");
        // Logind and the clocks tell of the same sleep.
        self.wake = WakeWatch::new(Machine::clocks());
        self.changes.push_back(Change::Woke);
        self.tell_again = true;
        self.debounce.note(Instant::now());
    }

    /// Compares the machine with what it should be, repairs, and reports. May be cancelled at any point: it is due
    /// until it has come to its end.
    async fn settle(&mut self) {
        let before = self.health();
        let result = if self.wanted.is_some() { self.apply().await } else { self.machine.look().await };
        let mut again = None;
        match result {
            Ok(look) => {
                self.trouble = None;
                let (was, is) = (self.outlook.essence(), look.outlook.essence());
                self.keep(look);
                match (was.is_usable(), is.is_usable()) {
                    (true, false) => self.changes.push_back(Change::Offline),
                    (_, true) if was != is || self.flap => self.changes.push_back(Change::Moved),
                    _ => {}
                }
                self.flap = false;
            }
            Err(error) => {
                tracing::warn!(%error, "the network is not as it should be; trying again");
                self.trouble = Some(error.health());
                again = Some(RETRY);
            }
        }
        if let Some(tun) = self.machine.take_device() {
            tracing::warn!(device = self.settings.device, "somebody removed our device; it was made again");
            self.changes.push_back(Change::Device(tun));
            self.tell_again = true;
        }
        if self.tell_again && self.wanted.is_some() {
            self.tell_names().await;
            if self.tell_again {
                again = Some(RETRY);
            }
        }
        if self.health() != before {
            self.changes.push_back(Change::Health);
        }
        self.debounce.settled();
        if let Some(pause) = again {
            self.debounce.again(Instant::now() + pause);
        }
    }

    fn keep(&mut self, look: Look) {
        for foreign in look.foreign.iter().filter(|foreign| !self.foreign.contains(foreign)) {
            tracing::warn!(%foreign, "another network claims our addresses");
        }
        self.outlook = look.outlook;
        self.foreign = look.foreign;
    }

    /// Looks and does until all is as wanted.
    async fn apply(&mut self) -> Result<Look, NetworkError> {
        for _ in 0..ROUNDS {
            let look = self.machine.look().await?;
            let acts = plan(self.wanted, &look.seen);
            if acts.is_empty() {
                return Ok(look);
            }
            let new: Vec<Step> =
                acts.iter().filter_map(|act| if let Act::Do(step) = act { Some(*step) } else { None }).collect();
            self.journal.begin(&new).map_err(|source| self.journal_failed(source))?;
            for act in acts {
                match act {
                    Act::Do(step) => self.machine.make(step).await?,
                    Act::Undo(step) => {
                        self.machine.unmake(step).await?;
                        self.journal.undone(&[step]).map_err(|source| self.journal_failed(source))?;
                    }
                }
            }
        }
        // Somebody undoes it as fast as we do it. What the kernel has now is what we work with until the next notice.
        self.machine.look().await
    }

    fn journal_failed(&self, source: std::io::Error) -> NetworkError {
        NetworkError::State { folder: self.settings.state_dir.display().to_string(), source }
    }

    /// Takes everything of ours off the machine: what the journal knows, and what can be seen. Goes on after errors, so
    /// that one thing that cannot be undone does not keep the others.
    async fn clear(&mut self) {
        let left = self.journal.pending().to_vec();
        let seen = self.machine.look().await.map(|look| look.seen).unwrap_or_default();
        for removal in removal(&left, &seen) {
            let step = match removal {
                Removal::EndStreams => {
                    self.machine.end_streams().await;
                    continue;
                }
                Removal::Undo(step) => step,
            };
            let result = if step.is_of_resolver() {
                let untold = self.names.untell(step).await;
                untold.map_err(|source| NetworkError::Refused { doing: "restore the resolver", source })
            } else {
                self.machine.unmake(step).await
            };
            match result {
                Ok(()) => {
                    if let Err(error) = self.journal.undone(&[step]) {
                        tracing::warn!(%error, "the journal cannot be written; the next run undoes once more");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, source = std::error::Error::source(&error), ?step, "a step cannot be undone; the next run tries again")
                }
            }
        }
    }

    /// Tells the best way that takes our suffixes; leaves `tell_again` set when it should be tried again.
    async fn tell_names(&mut self) {
        self.tell_again = false;
        if self.wanted.is_none() || self.suffixes.is_empty() {
            self.leave_way(NameService::None).await;
            if self.told == NameService::Resolved && self.wanted.is_some() {
                // The link goes without it on the way down; here it stays.
                let _ = self.names.tell(NameService::Resolved, &[]).await;
            }
            self.told = NameService::None;
            self.name_trouble = None;
            return;
        }
        let mut refusals = Vec::new();
        for way in self.names.ways().await {
            if let Some(step) = step_of(way)
                && let Err(error) = self.journal.begin(&[step])
            {
                refusals.push(format!("{way:?}: the journal cannot be written: {error}"));
                continue;
            }
            match self.names.tell(way, &self.suffixes).await {
                Ok(()) => {
                    self.leave_way(way).await;
                    self.told = way;
                    self.name_trouble = self.names.caveat(way);
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, ?way, "a resolver does not take our names");
                    refusals.push(format!("{way:?}: {error}"));
                }
            }
        }
        self.told = NameService::None;
        self.tell_again = !refusals.is_empty();
        if refusals.is_empty() {
            refusals.push(self.names.why_none());
        }
        let reason = Health::new(HealthCode::NoNameService, refusals.join("; "));
        self.name_trouble = Some(self.names.caveat(NameService::None).unwrap_or(reason));
    }

    /// Takes back what was told to other ways than this one.
    async fn leave_way(&mut self, way: NameService) {
        let told = self.journal.pending().iter().copied().filter(|step| step.is_of_resolver());
        let stale: Vec<Step> = told.filter(|step| step_of(way) != Some(*step)).collect();
        for step in stale {
            match self.names.untell(step).await {
                Ok(()) => drop(self.journal.undone(&[step])),
                Err(error) => tracing::warn!(%error, ?step, "a resolver does not give up our names"),
            }
        }
    }
}

/// What of a way remains on the machine when the device is gone.
fn step_of(way: NameService) -> Option<Step> {
    match way {
        NameService::NetworkManager => Some(Step::NetworkManager),
        NameService::Openresolv => Some(Step::Openresolv),
        NameService::ResolvConf => Some(Step::ResolvConf),
        NameService::Resolved | NameService::None => None,
    }
}
