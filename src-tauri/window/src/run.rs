//! From the command line to the windows, and the end.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use client::instance::{self, First, Instance, Seat};
use tauri::{AppHandle, Manager};

use crate::arguments::Arguments;
use crate::commands;
use crate::opener::{self, Opened};
use crate::paint::{self, Next, Paint};
use crate::streams::Streams;
use crate::tray_menu::TrayMenu;
use crate::windows::{self, Windows};

/// Nothing is to be seen; the dashboard was opened in the browser instead.
const BROWSER_INSTEAD: i32 = 5;

/// The program. It fails in words where there is no screen, no session, or no first page.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = start(arguments);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            say(&text);
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<(), String> {
    // Tauri would end in a panic.
    gtk::init().map_err(|_| "there is no screen to show a window on: DISPLAY and WAYLAND_DISPLAY lead nowhere")?;
    let variable = |name: &str| std::env::var(name).ok();
    let folder = instance::folder(variable).ok_or("there is no home folder: set HOME")?;
    let seat = Seat {
        program: "homeport-window",
        folder,
        stem: "window",
        max_line: 16 * 1024,
        // A keyring may have to be asked.
        limit: Duration::from_secs(20),
    };
    let line = serde_json::to_string(&arguments).map_err(|error| error.to_string())?;
    let Instance::First(first) = tauri::async_runtime::block_on(seat.take(&line))? else { return Ok(()) };
    let app = tauri::Builder::default()
        .manage(Windows::default())
        .manage(Arc::new(Streams::default()))
        .manage(Paint::default())
        .manage(TrayMenu::default())
        .invoke_handler(tauri::generate_handler![
            commands::request,
            commands::stream_open,
            commands::stream_send,
            commands::stream_close,
            commands::open_address,
            commands::painted,
            commands::menu_open,
            commands::menu_click,
            commands::start_tray,
        ])
        .build(tauri::generate_context!())
        .map_err(|error| format!("no window can be opened: {error}"))?;
    let handle = app.handle().clone();
    tauri::async_runtime::block_on(windows::show(&handle, &arguments))?;
    follow(&handle, first, arguments);
    match app.run_return(|_, _| {}) {
        0 => Ok(()),
        code => std::process::exit(code),
    }
}

fn follow(app: &AppHandle, first: First, arguments: Arguments) {
    let handle = app.clone();
    tauri::async_runtime::spawn(async move {
        let show = |line: String| {
            let handle = handle.clone();
            async move { Some(windows::show(&handle, &Arguments::heard(&line)?).await) }
        };
        first.listen(show).await;
    });
    let handle = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(paint::patience(|name| std::env::var(name).ok())).await;
        if !handle.state::<Paint>().is_done() {
            nothing_seen(&handle, &arguments);
        }
    });
}

/// Nothing was drawn in time.
fn nothing_seen(app: &AppHandle, arguments: &Arguments) {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if paint::next(is_set(paint::SECOND_TRY), is_set(paint::WITHOUT_DMABUF)) == Next::Again {
        say("nothing was drawn yet; starting again without accelerated drawing");
        let Ok(program) = std::env::current_exe() else { return };
        // The same process, so that whoever started us still knows it; the lock goes with the old one.
        let error = Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(paint::WITHOUT_DMABUF, "1")
            .env(paint::SECOND_TRY, "1")
            .exec();
        say(&format!("cannot start again: {error}"));
    }
    if arguments.menu {
        say("WebKit draws nothing here, so the menu cannot be shown in a window");
        return app.exit(1);
    }
    let place = app.webview_windows().keys().find_map(|label| app.state::<Windows>().place(label));
    let page = place.and_then(|place| Some((place.url().join(arguments.page.as_str()).ok()?, place)));
    let Some((page, place)) = page else {
        say("WebKit draws nothing here");
        return app.exit(1);
    };
    if let Err(error) = opener::open(place.url(), &Opened::Page(page)) {
        say(&format!("WebKit draws nothing here, and the browser cannot be opened instead: {error}"));
        return app.exit(1);
    }
    say("WebKit draws nothing here; the dashboard opens in the browser instead");
    app.exit(BROWSER_INSTEAD);
}

/// A line on standard error, which may be closed.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "homeport-window: {text}");
}
