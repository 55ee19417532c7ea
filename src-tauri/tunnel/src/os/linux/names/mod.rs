//! Telling the system's resolver which names are ours: which ways there are, and each way in a file of its own.
//! Not here: answering queries (`resolver`), when it is told (`network`).

mod resolved;

use std::io;

use mesh::names::Suffix;
use proto::ipc::NameService;
use zbus::Connection;

use super::bus;
use crate::network::Settings;
use crate::os::NetworkError;
use crate::plan::Step;

/// The system's resolver, as far as we may speak to it.
#[derive(Debug)]
pub struct Names {
    settings: Settings,
    bus: Option<Connection>,
}

impl Names {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// Never on Linux.
    pub fn open(settings: &Settings) -> Result<Self, NetworkError> {
        Ok(Self { settings: settings.clone(), bus: None })
    }

    /// The ways there are, best first.
    pub async fn ways(&mut self) -> Vec<NameService> {
        let mut ways = Vec::new();
        if let Some(bus) = self.bus().await
            && resolved::is_there(&bus).await
        {
            ways.push(NameService::Resolved);
        }
        ways
    }

    /// Tells one of them that these suffixes, and no others, are ours.
    ///
    /// # Errors
    /// It does not take it.
    pub async fn tell(&mut self, way: NameService, suffixes: &[Suffix]) -> io::Result<()> {
        match way {
            NameService::Resolved => {
                let bus = self.bus().await.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
                resolved::tell(&bus, &self.settings.device, suffixes).await.map_err(io::Error::other)
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Takes back what was told and does not go with the device.
    ///
    /// # Errors
    /// It does not take it.
    pub async fn untell(&mut self, _step: Step) -> io::Result<()> {
        Ok(())
    }

    /// Whether somebody overwrote what we told in a file.
    pub async fn was_overwritten(&mut self) -> bool {
        false
    }

    /// Who keeps overwriting it.
    pub fn fight(&self) -> Option<String> {
        None
    }

    /// Why there is no way.
    pub fn why_none(&self) -> String {
        "no systemd-resolved answers on D-Bus".to_owned()
    }

    async fn bus(&mut self) -> Option<Connection> {
        if self.bus.as_ref().is_none_or(|bus| bus.is_closed()) {
            self.bus = bus::join(self.settings.bus.as_deref()).await.ok();
        }
        self.bus.clone()
    }
}
