//! Hears from logind that the machine sleeps and wakes, and looks at the lid while somebody has a rule about it. Only the
//! owner of logind's name on the system bus is believed: the bus gives us its signals and nobody else's.
//!
//! Without a system bus or logind nothing is heard, and the tunnel notices sleep by its clocks. logind tells no change of
//! the lid, so it is asked; before a sleep it is held up for a moment, so that workspaces can be stopped first.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use zbus::zvariant::OwnedFd;

use crate::event::Event;
use crate::lid::LidNews;

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
/// Between two looks at the lid: minutes count, not seconds.
const LOOK: Duration = Duration::from_secs(10);
/// How long a sleep is held up: a request to a deployment, not a whole build. logind allows five seconds.
const HOLD: Duration = Duration::from_secs(3);

/// Listens for as long as the bus is there. The lid is looked at while the answer holds `true`.
pub fn listen(events: mpsc::Sender<Event>) -> watch::Sender<bool> {
    let (wanted, is_wanted) = watch::channel(false);
    tokio::spawn(async move {
        if let Err(error) = hear(&events, is_wanted).await {
            tracing::info!(%error, "sleep and lid are not heard of");
        }
    });
    wanted
}

async fn hear(events: &mpsc::Sender<Event>, mut is_wanted: watch::Receiver<bool>) -> zbus::Result<()> {
    let bus = zbus::Connection::system().await?;
    let manager: zbus::Proxy<'_> = zbus::proxy::Builder::new(&bus)
        .destination(NAME)?
        .path(PATH)?
        .interface(MANAGER)?
        // logind does not tell when the lid changes.
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?;
    let mut signals = manager.receive_signal("PrepareForSleep").await?;
    let mut lid = Lid { manager: &manager, events, was_shut: false, sleeps: false, hold: None };
    loop {
        let looks = *is_wanted.borrow_and_update();
        lid.hold_sleep(looks && !lid.sleeps).await;
        tokio::select! {
            signal = signals.next() => {
                let Some(signal) = signal else { return Ok(()) };
                let is_about_to: Result<bool, _> = signal.body().deserialize();
                match is_about_to {
                    Ok(true) if looks => lid.fall_asleep().await,
                    Ok(true) | Err(_) => {}
                    Ok(false) => {
                        lid.sleeps = false;
                        let _ = events.send(Event::Woke).await;
                        if looks {
                            lid.look().await;
                        }
                    }
                }
            }
            () = tokio::time::sleep(LOOK), if looks => lid.look().await,
            changed = is_wanted.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
                lid.look().await;
            }
        }
    }
}

struct Lid<'a> {
    manager: &'a zbus::Proxy<'a>,
    events: &'a mpsc::Sender<Event>,
    was_shut: bool,
    sleeps: bool,
    /// Sleep waits while it is open.
    hold: Option<OwnedFd>,
}

impl Lid<'_> {
    async fn look(&mut self) {
        // A machine without a lid has none that is shut.
        let is_shut = self.manager.get_property::<bool>("LidClosed").await.unwrap_or(false);
        if is_shut != self.was_shut {
            self.was_shut = is_shut;
            let news = if is_shut { LidNews::Shut } else { LidNews::Open };
            let _ = self.events.send(Event::Lid(news)).await;
        }
    }

    async fn fall_asleep(&mut self) {
        self.look().await;
        let _ = self.events.send(Event::Lid(LidNews::FallsAsleep)).await;
        if self.was_shut {
            tokio::time::sleep(HOLD).await;
        }
        // Closing it lets the machine sleep; the next one is taken when it woke up.
        self.sleeps = true;
        self.hold = None;
    }

    /// Asks to be waited for before a sleep.
    async fn hold_sleep(&mut self, is_wanted: bool) {
        if !is_wanted {
            self.hold = None;
        } else if self.hold.is_none() {
            let why = ("sleep", "Homeport", "Workspaces are stopped before this computer sleeps", "delay");
            match self.manager.call("Inhibit", &why).await {
                Ok(hold) => self.hold = Some(hold),
                Err(error) => tracing::debug!(%error, "sleep is not held up"),
            }
        }
    }
}
