//! The tray's menu for the window that shows it: told by the tray on a private socket, clicked by the page. The tray may
//! come later than the window, and come again after it was killed; when a person ended it, the window closes.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use client::installed;
use client::instance::{folder, is_ours};
use futures_util::{SinkExt, StreamExt};
use proto::menu::{Click, FromTray, MAX_CLICK, MAX_VIEW, SOCKET};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::{AppHandle, Manager, Runtime};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::codec::{Framed, LinesCodec};

use crate::opener;
use crate::windows::MENU;

/// Between two tries at a tray that is not there.
const AGAIN: Duration = Duration::from_millis(500);
/// Clicks that wait.
const QUEUE: usize = 16;
/// What the page is told when there is no tray.
const AWAY: &str = r#"{"kind":"away"}"#;

/// The line to the tray.
#[derive(Default)]
pub struct TrayMenu {
    line: Mutex<Option<Line>>,
}

struct Line {
    clicks: mpsc::Sender<Click>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TrayMenu {
    /// Begins to tell the page; one that was loaded anew takes the place of the one before.
    pub fn begin<R: Runtime>(&self, app: AppHandle<R>, channel: Channel<InvokeResponseBody>) {
        let (clicks, waiting) = mpsc::channel(QUEUE);
        let task = tauri::async_runtime::spawn(follow(app, channel, waiting));
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(Line { clicks, task });
    }

    /// A click of the page. More than a person can make are dropped.
    pub fn click(&self, click: Click) {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = line.as_ref() {
            let _ = line.clicks.try_send(click);
        }
    }
}

async fn follow<R: Runtime>(
    app: AppHandle<R>,
    channel: Channel<InvokeResponseBody>,
    mut clicks: mpsc::Receiver<Click>,
) {
    let tell = |line: String| {
        let _ = channel.send(InvokeResponseBody::Json(line));
    };
    let Some(socket) = folder(|name| std::env::var(name).ok()).map(|folder| folder.join(SOCKET)) else { return };
    let mut is_away = false;
    loop {
        if let Ok(stream) = UnixStream::connect(&socket).await
            && is_ours(&stream)
        {
            // A click on what is gone would be one on something else.
            while clicks.try_recv().is_ok() {}
            if carry(stream, &tell, &mut clicks).await == Left::Ended {
                if let Some(window) = app.get_webview_window(MENU) {
                    let _ = window.close();
                }
                return;
            }
            is_away = false;
        }
        if !is_away {
            tell(AWAY.into());
            is_away = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// How a connection was over.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    /// A person ended the tray.
    Ended,
    Lost,
}

async fn carry(stream: UnixStream, tell: &impl Fn(String), clicks: &mut mpsc::Receiver<Click>) -> Left {
    let mut lines = Framed::new(stream, LinesCodec::new_with_max_length(MAX_VIEW));
    loop {
        tokio::select! {
            line = lines.next() => {
                let Some(Ok(line)) = line else { return Left::Lost };
                match serde_json::from_str::<FromTray>(&line) {
                    Ok(FromTray::View(_)) => tell(line),
                    Ok(FromTray::Ended) => return Left::Ended,
                    Err(_) => return Left::Lost,
                }
            }
            click = clicks.recv() => {
                let Some(click) = click else { return Left::Lost };
                let Ok(line) = serde_json::to_string(&click) else { continue };
                if line.len() <= MAX_CLICK && lines.send(line).await.is_err() {
                    return Left::Lost;
                }
            }
        }
    }
}

/// Starts the tray program that is beside this one, or on PATH.
///
/// # Errors
/// A sentence for people.
pub fn start_tray() -> Result<(), String> {
    const NAME: &str = "homeport-desktop";
    let program = installed::own(NAME).ok_or_else(|| format!("{NAME} is not installed here"))?;
    let mut command = Command::new(program);
    // It opens no second window, and its end is not ours.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    opener::start(command.arg("--minimized")).map_err(|error| format!("{NAME} cannot be started: {error}"))
}

#[cfg(test)]
mod tests;
