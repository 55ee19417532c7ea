//! The session bus: the tray and the notifications for as long as it is there, and again when it returns. Without it
//! the rest of the program goes on.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use zbus::{Connection, MatchRule, MessageStream};

use crate::backoff::Backoff;
use crate::effect::Note;
use crate::event::{Event, TrayNews};
use crate::menu::View;
use crate::notify::Notifier;
use crate::settings::Tone;
use crate::tray;

/// Notifications that may wait.
const QUEUE: usize = 64;
/// A server for notifications that takes longer is as good as none.
const NOTIFY_LIMIT: Duration = Duration::from_secs(5);
/// Between two attempts at a panel that refused.
const TRAY_RETRY: Duration = Duration::from_secs(5);

/// What is to be seen.
pub struct Bus {
    views: watch::Sender<Option<(Arc<View>, Tone)>>,
    notes: mpsc::Sender<Note>,
    task: JoinHandle<()>,
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bus {
    pub fn start(events: mpsc::Sender<Event>) -> Self {
        let (views, seen) = watch::channel(None);
        let (notes, waiting) = mpsc::channel(QUEUE);
        let task = tokio::spawn(Shown { views: seen, notes: waiting, events }.run());
        Self { views, notes, task }
    }

    pub fn show(&self, view: Arc<View>, tone: Tone) {
        self.views.send_replace(Some((view, tone)));
    }

    pub fn notify(&self, note: Note) {
        // More than a queue of them would be noise.
        let _ = self.notes.try_send(note);
    }
}

struct Shown {
    views: watch::Receiver<Option<(Arc<View>, Tone)>>,
    notes: mpsc::Receiver<Note>,
    events: mpsc::Sender<Event>,
}

impl Shown {
    async fn run(mut self) {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        loop {
            let why = match Connection::session().await {
                Ok(bus) => {
                    backoff.reset();
                    match self.serve(&bus).await {
                        Ok(()) => return,
                        Err(error) => error.to_string(),
                    }
                }
                Err(error) => error.to_string(),
            };
            let _ = self.events.send(Event::Tray(TrayNews::NoBus(crate::label::harmless(&why)))).await;
            // Nobody sees what was to be told meanwhile.
            while self.notes.try_recv().is_ok() {}
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    /// Until the bus is gone; `Ok` when nothing is to be shown any more.
    async fn serve(&mut self, bus: &Connection) -> zbus::Result<()> {
        let mut handle = None;
        let result = self.carry(bus, &mut handle).await;
        // Told, because its task does not survive the loss of the bus and of us at once.
        if let Some(handle) = handle {
            let _ = tokio::time::timeout(Duration::from_secs(1), handle.shutdown()).await;
        }
        result
    }

    async fn carry(&mut self, bus: &Connection, handle: &mut Option<ksni::Handle<tray::Tray>>) -> zbus::Result<()> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface("org.freedesktop.Notifications")?
            .build();
        let mut signals = MessageStream::for_match_rule(rule, bus, None).await?;
        let mut notifier = Notifier::default();
        let mut retry = tokio::time::interval(TRAY_RETRY);
        retry.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.views.mark_changed();
        loop {
            tokio::select! {
                changed = self.views.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.draw(handle).await;
                }
                _ = retry.tick(), if handle.is_none() => self.draw(handle).await,
                note = self.notes.recv() => {
                    let Some(note) = note else { return Ok(()) };
                    let title = note.title.clone();
                    match tokio::time::timeout(NOTIFY_LIMIT, notifier.show(bus, note)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => tracing::info!(title, %error, "nobody shows notifications"),
                        Err(_) => tracing::info!(title, "the notification server does not answer"),
                    }
                }
                signal = signals.next() => match signal {
                    Some(Ok(signal)) => {
                        if let Some(action) = notifier.heard(&signal) {
                            let _ = self.events.send(Event::Asked(action)).await;
                        }
                    }
                    Some(Err(error)) => return Err(error),
                    None => return Err(zbus::Error::Failure("the session bus ended".into())),
                },
            }
        }
    }

    async fn draw(&mut self, handle: &mut Option<ksni::Handle<tray::Tray>>) {
        let Some((view, tone)) = self.views.borrow_and_update().clone() else { return };
        if let Some(shown) = handle {
            let is_there = shown.update(move |tray| tray.set(view, tone)).await.is_some();
            if !is_there {
                *handle = None;
            }
            return;
        }
        match tray::show(view, tone, self.events.clone()).await {
            Ok(shown) => *handle = Some(shown),
            Err(error) => {
                tracing::info!(%error, "the panel does not take the icon");
                let _ = self.events.send(Event::Tray(TrayNews::NoHost)).await;
            }
        }
    }
}
