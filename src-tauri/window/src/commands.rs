//! The commands that a page may give. `build.rs` lists the same names, and `capabilities` says which window has which.

use std::sync::Arc;

use client::error::with_causes;
use proto::menu::Click;
use serde::Serialize;
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::{AppHandle, Runtime, State, WebviewWindow};

use crate::opener;
use crate::paint::Paint;
use crate::rule;
use crate::streams::Streams;
use crate::tray_menu::{self, TrayMenu};
use crate::windows::Windows;

/// What a call came to; the page makes the same of it as of an answer that it got itself.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// HTTP status; 0 when no deployment answered, with the reason as body.
    status: u16,
    body: String,
}

impl Answer {
    fn refused(sentence: impl ToString) -> Self {
        Self { status: 403, body: serde_json::json!({ "message": sentence.to_string() }).to_string() }
    }
}

/// One call to the window's deployment.
#[tauri::command]
pub async fn request<R: Runtime>(
    window: WebviewWindow<R>,
    windows: State<'_, Windows>,
    method: String,
    path: String,
    body: Option<String>,
) -> Result<Answer, ()> {
    let Some(place) = windows.place(window.label()) else { return Ok(Answer::refused(rule::Refused::Call)) };
    let method = match rule::check(&method, &path, body.as_deref()) {
        Ok(method) => method,
        Err(refused) => return Ok(Answer::refused(refused)),
    };
    Ok(match place.call(method, &path, body).await {
        Ok(answer) => Answer { status: answer.status, body: String::from_utf8_lossy(&answer.body).into_owned() },
        Err(error) => Answer { status: 0, body: with_causes(&error) },
    })
}

/// Begins a stream of the window's deployment under a number that the page chose.
#[tauri::command]
pub fn stream_open<R: Runtime>(
    window: WebviewWindow<R>,
    windows: State<'_, Windows>,
    streams: State<'_, Arc<Streams>>,
    number: u32,
    path: String,
    channel: Channel<InvokeResponseBody>,
) -> Result<(), String> {
    rule::check_stream(&path).map_err(|refused| refused.to_string())?;
    let place = windows.place(window.label()).ok_or_else(|| rule::Refused::Call.to_string())?;
    streams.begin(window.label(), number, place, path, channel).map_err(str::to_owned)
}

/// Sends a text on a stream, or, without one, says how many messages the page has seen.
#[tauri::command]
pub fn stream_send<R: Runtime>(
    window: WebviewWindow<R>,
    streams: State<'_, Arc<Streams>>,
    number: u32,
    text: Option<String>,
    seen: Option<usize>,
) {
    if let Some(count) = seen {
        streams.seen(window.label(), number, count);
    }
    if let Some(text) = text {
        streams.send(window.label(), number, text);
    }
}

/// Ends a stream.
#[tauri::command]
pub fn stream_close<R: Runtime>(window: WebviewWindow<R>, streams: State<'_, Arc<Streams>>, number: u32) {
    streams.end(window.label(), number);
}

/// Opens an address outside, if it is one of those that may be.
#[tauri::command]
pub fn open_address<R: Runtime>(
    window: WebviewWindow<R>,
    windows: State<'_, Windows>,
    address: String,
) -> Result<(), String> {
    let place = windows.place(window.label()).ok_or_else(|| rule::Refused::Call.to_string())?;
    let opened = opener::check(place.url(), &address).map_err(|error| error.to_string())?;
    opener::open(place.url(), &opened).map_err(|error| error.to_string())
}

/// A page was drawn.
#[tauri::command]
pub fn painted(paint: State<'_, Paint>) {
    if cfg!(debug_assertions) && std::env::var("HOMEPORT_TEST_SABOTAGE").as_deref() == Ok("blank") {
        return;
    }
    paint.done();
}

/// Begins to tell the page the tray's menu, whenever it changes.
#[tauri::command]
pub fn menu_open<R: Runtime>(app: AppHandle<R>, menu: State<'_, TrayMenu>, channel: Channel<InvokeResponseBody>) {
    menu.begin(app, channel);
}

/// Clicks a line of a view.
#[tauri::command]
pub fn menu_click(menu: State<'_, TrayMenu>, click: Click) {
    menu.click(click);
}

/// Starts the tray program where it does not run.
#[tauri::command]
pub fn start_tray() -> Result<(), String> {
    tray_menu::start_tray()
}
