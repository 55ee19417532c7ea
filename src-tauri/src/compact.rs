//! The menu for the compact window, on a private socket: whoever of this user connects is told the menu whenever it
//! changes, and may click. Not here: the window, which is a program of its own.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use client::instance::{bind_anew, is_ours};
use futures_util::{SinkExt, StreamExt};
use proto::menu::{Click, FromTray, MAX_CLICK, MAX_VIEW, SOCKET};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::codec::{Framed, LinesCodec};

use crate::action::Action;
use crate::event::Event;
use crate::menu::{View, wire};

/// Windows at a time. There is one; a few more for those that are about to end.
const MOST: usize = 4;
/// Views that a click may still be about: at four a second, the last two seconds.
const KEPT: usize = 8;
/// A window that takes longer to read a line is gone.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// For telling the windows that this program ends.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A view and its number.
#[derive(Clone)]
struct Numbered {
    number: u32,
    view: Arc<View>,
}

/// The menu as it is served.
pub struct Compact {
    newest: watch::Sender<Option<Numbered>>,
    task: JoinHandle<()>,
}

impl Compact {
    /// Serves in this folder, which is private, as the only one of its kind.
    pub fn start(folder: PathBuf, events: mpsc::Sender<Event>) -> Self {
        let (newest, seen) = watch::channel(None);
        Self { newest, task: tokio::spawn(serve(folder, seen, events)) }
    }

    pub fn show(&self, view: Arc<View>) {
        self.newest.send_modify(|newest| {
            let number = newest.as_ref().map_or(1, |before| before.number.wrapping_add(1));
            *newest = Some(Numbered { number, view });
        });
    }

    /// Tells the windows that this program ends, and waits until they were told.
    pub async fn finish(self) {
        drop(self.newest);
        let _ = tokio::time::timeout(LAST_WORDS, self.task).await;
    }
}

async fn serve(folder: PathBuf, mut newest: watch::Receiver<Option<Numbered>>, events: mpsc::Sender<Event>) {
    let listener = match bind_anew(&folder.join(SOCKET)) {
        Ok(listener) => listener,
        Err(error) => {
            let _ = events.send(Event::Trouble(format!("The menu cannot be shown in a window: {error}"))).await;
            return;
        }
    };
    let mut windows = JoinSet::new();
    loop {
        tokio::select! {
            stream = accepted(&listener) => {
                if windows.len() < MOST && is_ours(&stream) {
                    windows.spawn(carry(stream, newest.clone(), events.clone()));
                }
            }
            Some(_) = windows.join_next() => {}
            changed = newest.changed() => {
                if changed.is_err() {
                    break;
                }
            }
        }
    }
    while windows.join_next().await.is_some() {}
    let _ = std::fs::remove_file(folder.join(SOCKET));
}

async fn accepted(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // Out of descriptors, perhaps for a moment.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// One window, until it leaves or this program ends.
async fn carry(stream: UnixStream, mut newest: watch::Receiver<Option<Numbered>>, events: mpsc::Sender<Event>) {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_CLICK));
    // What a person there may have before the eyes.
    let mut sent: VecDeque<Numbered> = VecDeque::new();
    newest.mark_changed();
    loop {
        let view = tokio::select! {
            changed = newest.changed() => match changed {
                Ok(()) => newest.borrow_and_update().clone(),
                Err(_) => {
                    tell(&mut lines, &FromTray::Ended).await;
                    return;
                }
            },
            line = lines.next() => {
                let Some(Ok(line)) = line else { return };
                let Ok(click) = serde_json::from_str::<Click>(&line) else { return };
                if let Some(action) = clicked(&sent, &click) {
                    let _ = events.send(Event::Asked(action)).await;
                    continue;
                }
                // Too late, or no line that does something: what is true now is told once more.
                newest.borrow().clone()
            }
        };
        let Some(view) = view else { continue };
        if !tell(&mut lines, &FromTray::View(wire::view(view.number, &view.view))).await {
            return;
        }
        sent.push_back(view);
        if sent.len() > KEPT {
            sent.pop_front();
        }
    }
}

fn clicked(sent: &VecDeque<Numbered>, click: &Click) -> Option<Action> {
    let view = sent.iter().find(|view| view.number == click.view)?;
    wire::clicked(&view.view.items, &click.path, click.text.as_deref())
}

/// Whether it was told.
async fn tell(lines: &mut Framed<UnixStream, LinesCodec>, told: &FromTray) -> bool {
    let Ok(line) = serde_json::to_string(told) else { return false };
    if line.len() > MAX_VIEW {
        tracing::warn!(length = line.len(), "the menu is too long for a window");
        return false;
    }
    matches!(tokio::time::timeout(WRITE_LIMIT, lines.send(line)).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests;
