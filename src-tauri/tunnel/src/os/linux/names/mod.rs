//! Telling the system's resolver which names are ours: which ways there are, and each way in a file of its own.
//! Not here: answering queries (`resolver`), when it is told (`network`).

mod choice;
mod fight;
mod network_manager;
mod openresolv;
mod own_file;
mod resolv_conf;
mod resolved;

use std::io;
use std::path::Path;

use mesh::names::Suffix;
use proto::ipc::{Health, HealthCode, NameService};
use tokio::time::Instant;
use zbus::Connection;

use super::bus;
use crate::network::Settings;
use crate::os::NetworkError;
use crate::plan::Step;
use choice::Facts;
use fight::Fight;
use resolv_conf::ResolvConf;

/// The system's resolver, as far as we may speak to it.
#[derive(Debug)]
pub struct Names {
    settings: Settings,
    bus: Option<Connection>,
    resolv_conf: ResolvConf,
    /// Where others can take away what we told, without a word.
    kept: Option<NameService>,
    fight: Fight,
    facts: Facts,
}

impl Names {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// Never on Linux.
    pub fn open(settings: &Settings) -> Result<Self, NetworkError> {
        let resolv_conf = ResolvConf::new(&settings.state_dir);
        let settings = settings.clone();
        Ok(Self { settings, bus: None, resolv_conf, kept: None, fight: Fight::default(), facts: Facts::default() })
    }

    /// The ways there are, best first.
    pub async fn ways(&mut self) -> Vec<NameService> {
        let read = |path: &str| std::fs::read_to_string(Path::new(path)).ok();
        let mut facts = Facts {
            resolv_conf: read("/etc/resolv.conf"),
            nsswitch: read("/etc/nsswitch.conf"),
            openresolv: openresolv::program().is_some(),
            may_change: self.settings.resolv_conf && !self.fight.is_given_up(),
            ..Facts::default()
        };
        if let Some(bus) = self.bus().await {
            facts.resolved = resolved::is_there(&bus).await;
            facts.dnsmasq = network_manager::is_there(&bus).await;
        }
        let ways = facts.ways();
        self.facts = facts;
        ways
    }

    /// Tells one of them that these suffixes, and no others, are ours.
    ///
    /// # Errors
    /// It does not take it.
    pub async fn tell(&mut self, way: NameService, suffixes: &[Suffix]) -> io::Result<()> {
        self.say(way, suffixes).await?;
        self.kept = Some(way).filter(|_| !suffixes.is_empty());
        Ok(())
    }

    async fn say(&mut self, way: NameService, suffixes: &[Suffix]) -> io::Result<()> {
        match way {
            NameService::Resolved => {
                let bus = self.bus().await.ok_or(io::ErrorKind::NotConnected)?;
                resolved::tell(&bus, &self.settings.device, suffixes).await.map_err(io::Error::other)
            }
            NameService::NetworkManager => {
                let bus = self.bus().await.ok_or(io::ErrorKind::NotConnected)?;
                network_manager::tell(&bus, suffixes).await
            }
            NameService::Openresolv => openresolv::tell(&self.settings.device, suffixes).await,
            NameService::ResolvConf => self.resolv_conf.tell(),
            NameService::None => Ok(()),
        }
    }

    /// Makes it forget what it learnt. The others have no memory, or none that can be cleared by us.
    ///
    /// # Errors
    /// It does not take it.
    pub async fn forget(&mut self, way: NameService) -> io::Result<()> {
        if way != NameService::Resolved {
            return Ok(());
        }
        let bus = self.bus().await.ok_or(io::ErrorKind::NotConnected)?;
        resolved::flush(&bus).await.map_err(io::Error::other)
    }

    /// Takes back what was told and does not go with the device.
    ///
    /// # Errors
    /// It does not take it.
    pub async fn untell(&mut self, step: Step) -> io::Result<()> {
        match step {
            Step::NetworkManager => {
                self.no_longer(NameService::NetworkManager);
                let bus = self.bus().await;
                network_manager::untell(bus.as_ref()).await
            }
            Step::Openresolv => {
                self.no_longer(NameService::Openresolv);
                openresolv::untell(&self.settings.device).await
            }
            Step::ResolvConf => {
                self.no_longer(NameService::ResolvConf);
                self.resolv_conf.untell()
            }
            _ => Ok(()),
        }
    }

    fn no_longer(&mut self, way: NameService) {
        self.kept = self.kept.filter(|kept| *kept != way);
    }

    /// Whether somebody took away what we told, and it is to be told again. systemd-resolved says so itself, on D-Bus.
    pub fn was_overwritten(&mut self, now: Instant) -> bool {
        let is_there = match self.kept {
            Some(NameService::NetworkManager) => network_manager::is_told(),
            Some(NameService::Openresolv) => openresolv::is_told(&self.settings.device),
            Some(NameService::ResolvConf) => self.resolv_conf.is_told(),
            _ => true,
        };
        if is_there || self.fight.is_given_up() {
            return false;
        }
        // The last time of a fight tells again too, which then says that there is one.
        if !self.fight.overwritten(now) {
            tracing::warn!(what = self.place(), "somebody keeps taking our names away; they are not put back any more");
        }
        true
    }

    /// How people know what somebody else writes as well.
    fn place(&self) -> &'static str {
        match self.kept {
            Some(NameService::NetworkManager) => "NetworkManager's dnsmasq",
            Some(NameService::Openresolv) => "openresolv",
            _ => "/etc/resolv.conf",
        }
    }

    /// What is weak about the way that was told.
    pub fn caveat(&self, way: NameService) -> Option<Health> {
        if self.fight.is_given_up() {
            return Some(Health::new(HealthCode::ResolverFight, self.place()));
        }
        self.facts.caveat(way).map(|text| Health::new(HealthCode::NoNameService, text))
    }

    /// Why there is no way.
    pub fn why_none(&self) -> String {
        let direct = if self.settings.resolv_conf { "" } else { "; /etc/resolv.conf may not be changed" };
        format!("there is no systemd-resolved, no dnsmasq of NetworkManager and no openresolv{direct}")
    }

    async fn bus(&mut self) -> Option<Connection> {
        if self.bus.as_ref().is_none_or(Connection::is_closed) {
            self.bus = bus::join(self.settings.bus.as_deref()).await.ok();
        }
        self.bus.clone()
    }
}
