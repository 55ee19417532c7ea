//! What the tunnel should be and where it stands: calls and news in, effects out. Pure: no clock, no IO.
//!
//! ```text
//!   calls of the owner ─┐                      ┌─► Start, Stop        (a deployment's engine and control)
//!   faces of deployments┼─► State ── effects ──┼─► Order              (device, names of the system)
//!   news of the machine ┘                      └─► Refresh, Poke, …   (who answers which name and address)
//! ```
//!
//! Names follow the deployments: a deployment that goes takes its names with it before its engine stops, so that no name
//! leads to an address where nobody is. Not here: who may call (`owner`), what watchers hear when (`news`, `service`).

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv6Addr;
use std::sync::Arc;

use mesh::names::{Directory, Suffix, Zone};
use proto::ipc::call::{MAX_DEPLOYMENTS, MAX_TOKEN, MAX_URL};
use proto::ipc::{
    Call, DaemonStatus, DeploymentState, DeploymentStatus, Description, Fault, FaultCode, Health, HealthCode,
    NameService, Outcome, ServiceStatus,
};
use proto::secret::Secret;
use url::Url;

use crate::machine::Order;
use crate::news::Picture;

#[cfg(test)]
mod tests;

/// Names of one clash that are told; more would only repeat the message.
const MAX_CLASHES: usize = 3;

/// Names a deployment for as long as it runs; a restarted one has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub u64);

/// What a deployment shows of itself.
#[derive(Debug, Clone)]
pub struct Face {
    /// Where it stands.
    pub state: DeploymentState,
    /// What is wrong.
    pub health: Vec<Health>,
    /// Its names, after its first update.
    pub zone: Option<Arc<Zone>>,
    /// Its suffix, once it said it.
    pub suffix: Option<Suffix>,
    /// What is wrong with its relays, as last looked at.
    pub relays: Option<Health>,
    /// Its workspace daemons as last looked at.
    pub daemons: Arc<Vec<DaemonStatus>>,
}

/// What must be done now, in order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// To the machine.
    Order(Order),
    /// The device could not be made: order it again after a while.
    TryAgain,
    /// Start a deployment's engine.
    Start(Key, Description),
    /// Stop it.
    Stop(Key),
    /// Names or addresses changed: [`State::directory`], [`State::routes`].
    Refresh,
    /// Every engine must distrust its paths and dial anew.
    Poke,
    /// Nothing is wanted: the tunnel has no owner any more.
    Disown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DeviceState {
    Down,
    Coming,
    Up(String),
    Failed(Health),
}

struct Wanted {
    key: Key,
    url: String,
    token: Secret,
    is_local: bool,
    face: Face,
}

/// See the module.
pub struct State {
    address: Ipv6Addr,
    last_key: u64,
    /// By the URL in its one form.
    wanted: BTreeMap<String, Wanted>,
    device: DeviceState,
    names: Option<NameService>,
    told: Vec<Suffix>,
    health: Vec<Health>,
    is_offline: bool,
    directory: Arc<Directory>,
    /// URL of the winner and the names, by loser.
    clashes: HashMap<Key, Health>,
    effects: Vec<Effect>,
}

impl State {
    /// Nothing is wanted yet; `address` is ours in every mesh.
    pub fn new(address: Ipv6Addr) -> Self {
        Self {
            address,
            last_key: 0,
            wanted: BTreeMap::new(),
            device: DeviceState::Down,
            names: None,
            told: Vec::new(),
            health: Vec::new(),
            is_offline: false,
            directory: Arc::default(),
            clashes: HashMap::new(),
            effects: Vec::new(),
        }
    }

    /// What must be done now.
    pub fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A call of the owner.
    pub fn call(&mut self, call: Call) -> Outcome {
        match call {
            Call::Connect(description) => match self.connect(description) {
                Ok(()) => Outcome::Done,
                Err(fault) => Outcome::Refused(fault),
            },
            Call::Disconnect { url } => {
                self.disconnect(url.as_deref());
                Outcome::Done
            }
            Call::Wake => {
                self.effects.push(Effect::Poke);
                Outcome::Done
            }
            Call::Watch => Outcome::Done,
        }
    }

    fn connect(&mut self, description: Description) -> Result<(), Fault> {
        let name = checked(&description)?;
        if let Some(known) = self.wanted.get(&name) {
            let is_same = known.token.ct_eq(description.token.expose()) && known.is_local == description.is_local;
            if is_same && known.face.state != DeploymentState::Failed {
                return Ok(());
            }
            self.effects.push(Effect::Stop(known.key));
        } else if self.wanted.len() >= MAX_DEPLOYMENTS {
            let text =
                format!("The tunnel already reaches {MAX_DEPLOYMENTS} deployments; disconnect one of them first.");
            return Err(Fault { code: FaultCode::TooMany, text, health: None });
        }
        self.last_key += 1;
        let key = Key(self.last_key);
        let Description { url, token, is_local } = description.clone();
        self.wanted.insert(name, Wanted { key, url, token, is_local, face: Face::default() });
        if !matches!(self.device, DeviceState::Up(_) | DeviceState::Coming) {
            self.bring_up();
        }
        self.refresh();
        self.effects.push(Effect::Start(key, description));
        Ok(())
    }

    /// A second try, or the first one.
    pub fn bring_up(&mut self) {
        if !self.wanted.is_empty() {
            self.device = DeviceState::Coming;
            self.effects.push(Effect::Order(Order::BringUp(self.address)));
        }
    }

    fn disconnect(&mut self, url: Option<&str>) {
        let gone: Vec<Wanted> = match url {
            Some(url) => normal(url).and_then(|url| self.wanted.remove(&url)).into_iter().collect(),
            None => std::mem::take(&mut self.wanted).into_values().collect(),
        };
        let was_up =
            self.wanted.is_empty() && std::mem::replace(&mut self.device, DeviceState::Down) != DeviceState::Down;
        // The names go first: nothing may lead to where nobody is.
        self.refresh();
        self.effects.extend(gone.into_iter().map(|gone| Effect::Stop(gone.key)));
        if was_up {
            self.names = None;
            self.told.clear();
            self.effects.push(Effect::Order(Order::TakeDown));
        }
        if self.wanted.is_empty() {
            self.effects.push(Effect::Disown);
        }
    }

    /// A deployment has another face.
    pub fn face(&mut self, key: Key, face: Face) {
        // A face of a deployment that was stopped meanwhile is of no interest.
        let Some(wanted) = self.wanted.values_mut().find(|wanted| wanted.key == key) else { return };
        let is_same = match (&wanted.face.zone, &face.zone) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        wanted.face = face;
        if !is_same {
            self.refresh();
        }
    }

    /// The device is there; its name.
    pub fn device_up(&mut self, name: String) {
        if self.wanted.is_empty() {
            return;
        }
        self.device = DeviceState::Up(name);
        self.tell_names();
    }

    /// The device cannot be made.
    pub fn device_failed(&mut self, health: Health) {
        if self.wanted.is_empty() {
            return;
        }
        self.device = DeviceState::Failed(health);
        self.effects.push(Effect::TryAgain);
    }

    /// The system's resolver was told.
    pub fn named(&mut self, how: NameService) {
        if !self.wanted.is_empty() {
            self.names = Some(how);
        }
    }

    /// What is wrong with the machine.
    pub fn machine_health(&mut self, health: Vec<Health>) {
        self.health = health;
    }

    /// The machine's network changed, or it woke.
    pub fn moved(&mut self) {
        self.is_offline = false;
        self.effects.push(Effect::Poke);
    }

    /// The machine has no network.
    pub fn offline(&mut self) {
        self.is_offline = true;
    }

    /// All names that exist now.
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.clone()
    }

    /// Which deployment has which address. Where two claim one, the first keeps it, as with names.
    pub fn routes(&self) -> HashMap<Ipv6Addr, Key> {
        let mut routes = HashMap::new();
        for (key, zone) in self.zones() {
            for named in zone.named() {
                routes.entry(named.address).or_insert(key);
            }
        }
        routes
    }

    /// Whether every deployment that is wanted has said who is there: an address without a route belongs to nobody then.
    pub fn is_settled(&self) -> bool {
        self.wanted.values().all(|wanted| wanted.face.zone.as_ref().is_some_and(|zone| zone.is_known()))
    }

    /// The local deployment first, then in the order they came.
    fn zones(&self) -> Vec<(Key, &Zone)> {
        let mut wanted: Vec<&Wanted> = self.wanted.values().collect();
        wanted.sort_by_key(|wanted| (!wanted.is_local, wanted.key));
        wanted.into_iter().filter_map(|wanted| Some((wanted.key, &**wanted.face.zone.as_ref()?))).collect()
    }

    fn refresh(&mut self) {
        let zones = self.zones();
        let directory = Directory::new(zones.iter().map(|(_, zone)| *zone));
        let keys: Vec<Key> = zones.iter().map(|(key, _)| *key).collect();
        self.clashes = self.clashes_in(&directory, &keys);
        let is_outdated = self.directory.is_outdated_by(&directory);
        self.directory = Arc::new(directory);
        self.effects.push(Effect::Refresh);
        // A resolver that is told anew forgets by itself.
        if !self.tell_names() && is_outdated && matches!(self.device, DeviceState::Up(_)) {
            self.effects.push(Effect::Order(Order::ForgetNames));
        }
    }

    /// Whether there was something to tell.
    fn tell_names(&mut self) -> bool {
        let suffixes = self.directory.suffixes();
        let is_news = matches!(self.device, DeviceState::Up(_)) && suffixes != self.told.as_slice();
        if is_news {
            self.told = suffixes.to_vec();
            self.effects.push(Effect::Order(Order::SetNames(self.told.clone())));
        }
        is_news
    }

    fn clashes_in(&self, directory: &Directory, keys: &[Key]) -> HashMap<Key, Health> {
        let mut found: HashMap<Key, (Vec<&str>, &str)> = HashMap::new();
        for clash in directory.clashes() {
            let (Some(winner), Some(loser)) = (keys.get(clash.winner), keys.get(clash.loser)) else { continue };
            let winner = self.wanted.values().find(|wanted| wanted.key == *winner);
            let row = found.entry(*loser).or_insert((Vec::new(), winner.map_or("", |winner| &winner.url)));
            if row.0.len() < MAX_CLASHES {
                row.0.push(&clash.name);
            }
        }
        let health = |(key, (names, winner)): (Key, (Vec<&str>, &str))| {
            (key, Health::new(HealthCode::NameClash, format!("{} lead to {winner}", names.join(", "))))
        };
        found.into_iter().map(health).collect()
    }

    /// What watchers may know.
    pub fn picture(&self) -> Picture {
        let machine = self.machine_conditions();
        let service = ServiceStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: if let DeviceState::Up(name) = &self.device { Some(name.clone()) } else { None },
            names: self.names,
            health: HealthCode::roots(&machine),
        };
        let rows = self.wanted.values().map(|wanted| (wanted.url.clone(), self.row(wanted, &machine)));
        Picture { service, deployments: rows.collect() }
    }

    fn row(&self, wanted: &Wanted, machine: &[Health]) -> (DeploymentStatus, Arc<Vec<DaemonStatus>>) {
        let Wanted { url, face, key, .. } = wanted;
        let own: Vec<Health> = face.health.iter().chain(&face.relays).chain(self.clashes.get(key)).cloned().collect();
        let is_root = |health: &Health| {
            let mut causes = machine.iter().chain(&own);
            !causes.any(|cause| cause.code.hides(health.code))
        };
        let health = own.iter().filter(|health| is_root(health)).cloned().collect();
        let names = face.zone.as_ref().map_or(0, |zone| zone.named().iter().map(|named| named.hostnames.len()).sum());
        let status = DeploymentStatus {
            url: url.clone(),
            suffix: face.suffix.as_ref().map(Suffix::to_string),
            state: face.state,
            health,
            names: u32::try_from(names).unwrap_or(u32::MAX),
        };
        (status, face.daemons.clone())
    }

    fn machine_conditions(&self) -> Vec<Health> {
        let mut all = self.health.clone();
        if let DeviceState::Failed(health) = &self.device
            && !all.contains(health)
        {
            all.push(health.clone());
        }
        if self.is_offline && all.iter().all(|health| health.code != HealthCode::NoNetwork) {
            all.push(Health::new(HealthCode::NoNetwork, ""));
        }
        // On a train with the workspaces on the same machine nothing is wrong.
        let is_connected = |wanted: &Wanted| wanted.face.state == DeploymentState::Connected;
        if !self.wanted.is_empty() && self.wanted.values().all(is_connected) {
            all.retain(|health| health.code != HealthCode::NoNetwork);
        }
        all
    }
}

impl Default for Face {
    fn default() -> Self {
        Self {
            state: DeploymentState::Asking,
            health: Vec::new(),
            zone: None,
            suffix: None,
            relays: None,
            daemons: Arc::default(),
        }
    }
}

/// The URL in its one form, when everything described can be.
fn checked(description: &Description) -> Result<String, Fault> {
    let bad = |text: &str| Fault { code: FaultCode::BadRequest, text: text.to_owned(), health: None };
    if description.url.len() > MAX_URL {
        return Err(bad("The deployment's URL is too long; use the one from your browser's address line."));
    }
    let token = description.token.expose();
    if token.is_empty() || token.len() > MAX_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("This is no session token; sign in again with `homeport login`."));
    }
    normal(&description.url)
        .ok_or_else(|| bad("The deployment's URL must be http or https with a host and without a user or password."))
}

fn normal(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    if !is_plain || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    Some(url.as_str().trim_end_matches('/').to_owned())
}
