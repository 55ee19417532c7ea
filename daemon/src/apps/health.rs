//! The pure rule of app health (spec `agent-rpc.md` 6.6): a good answer makes an app healthy at once; `threshold` bad ones
//! in a row are forgiven, the next makes it unhealthy. No clock, no HTTP.

use std::time::Duration;

use proto::agent::{AppHealth, AppHealthUpdate, WorkspaceApp};

/// Most apps of one workspace daemon that are watched; each costs a task.
const MAX_APPS: usize = 256;

/// A question to ask again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which app, for [`Apps::answered`].
    pub index: usize,
    /// Where to ask.
    pub url: String,
    /// How often.
    pub interval: Duration,
}

#[derive(Debug)]
struct App {
    id: Vec<u8>,
    health: AppHealth,
    failures: i32,
    threshold: i32,
    url: String,
    interval: Duration,
}

/// The watched apps.
#[derive(Debug, Default)]
pub struct Apps(Vec<App>);

impl Apps {
    /// Those apps of the manifest that want to be watched.
    pub fn new(apps: &[WorkspaceApp]) -> Self {
        let watched = apps.iter().filter_map(|app| {
            let check = app.healthcheck.as_ref()?;
            let interval = check.interval.map(proto::wkt::Duration::to_std).filter(|interval| !interval.is_zero())?;
            (app.health() != AppHealth::Disabled && !check.url.is_empty()).then(|| App {
                id: app.id.clone(),
                health: app.health(),
                failures: 0,
                threshold: check.threshold.max(0),
                url: check.url.clone(),
                interval,
            })
        });
        Self(watched.take(MAX_APPS).collect())
    }

    /// What to ask.
    pub fn checks(&self) -> Vec<Check> {
        let apps = self.0.iter().enumerate();
        apps.map(|(index, app)| Check { index, url: app.url.clone(), interval: app.interval }).collect()
    }

    /// An app answered well or badly; `true` when its health changed.
    pub fn answered(&mut self, index: usize, good: bool) -> bool {
        let Some(app) = self.0.get_mut(index) else { return false };
        let health = if good {
            app.failures = 0;
            AppHealth::Healthy
        } else if app.failures < app.threshold {
            app.failures += 1;
            app.health
        } else {
            AppHealth::Unhealthy
        };
        std::mem::replace(&mut app.health, health) != health
    }

    /// All of them, as they are now.
    pub fn report(&self) -> Vec<AppHealthUpdate> {
        self.0.iter().map(|app| AppHealthUpdate { id: app.id.clone(), health: app.health.into() }).collect()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
