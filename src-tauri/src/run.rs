//! From the command line to the loop: one program per user, everything that feeds it, and its end.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use client::instance::{First, Instance, Seat};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::arguments::Arguments;
use crate::controller::{self, QUEUE};
use crate::event::Event;
use crate::open::Programs;
use crate::paths::Paths;
use crate::port::Desktop;
use crate::state::State;
use crate::{autostart, install, own_log, programs, settings_file};

/// Names the program of the windows.
const WINDOW: &str = "HOMEPORT_WINDOW";

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let paths = Paths::of(|name| std::env::var(name).ok());
    own_log::start(paths.as_ref());
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(arguments, paths));
    // A thread that waits for a keyring must not hold the exit up.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            say(&text);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments, paths: Option<Paths>) -> Result<(), String> {
    let paths = paths.ok_or("there is no home folder: set HOME")?;
    if arguments.install || arguments.uninstall {
        return install_or_not(arguments.install, &paths);
    }
    let line = serde_json::to_string(&arguments).map_err(|error| error.to_string())?;
    let Instance::First(first) = seat(&paths).take(&line).await? else {
        return Ok(());
    };
    if arguments.quit {
        return Ok(());
    }
    let (events, mut heard) = mpsc::channel(QUEUE);
    let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let (settings, complaint) = settings_file::load(&paths.settings());
    let tone = settings.icon;
    let found = find_programs();
    let starts_at_login = autostart::is_on(&paths.autostart());
    let complaint = complaint.map(Event::Trouble);
    let quiet = arguments.minimized.then_some(Event::Quiet);
    let begin = [Event::Settled(settings, starts_at_login), Event::Found(found)].into_iter();
    for event in begin.chain(quiet).chain(complaint) {
        let _ = events.send(event).await;
    }
    for event in arguments.events() {
        let _ = events.send(event).await;
    }
    hear_later_starts(first, events.clone());
    end_on_signals(events.clone());
    let mut port = Desktop::start(paths, program, tone, events);
    let mut state = State::default();
    controller::run(&mut port, &mut heard, &mut state).await;
    port.finish().await;
    Ok(())
}

/// Where a second start finds the first.
fn seat(paths: &Paths) -> Seat {
    Seat {
        program: "homeport-desktop",
        folder: paths.runtime.clone(),
        stem: "desktop",
        // A link has at most 8 KiB, escaped at most six times as much.
        max_line: 64 * 1024,
        limit: Duration::from_secs(5),
    }
}

fn hear_later_starts(first: First, events: mpsc::Sender<Event>) {
    tokio::spawn(first.listen(move |line| {
        let events = events.clone();
        async move {
            for event in Arguments::heard(&line)? {
                let _ = events.send(event).await;
            }
            Some(Ok(()))
        }
    }));
}

fn install_or_not(is_wanted: bool, paths: &Paths) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    if is_wanted {
        install::install(&paths.places(), &program)?;
        say("it is in the menu of applications now, and opens homeport:// links; --uninstall takes that back");
        return Ok(());
    }
    install::uninstall(&paths.places())?;
    let (settings, _) = settings_file::load(&paths.settings());
    if settings.coder_links {
        settings_file::save(&paths.settings(), &crate::settings::Settings { coder_links: false, ..settings })?;
    }
    Ok(())
}

fn find_programs() -> Programs {
    let path = std::env::var("PATH").unwrap_or_default();
    let data = std::env::var_os("XDG_DATA_HOME").map(std::path::PathBuf::from);
    let data = data.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
    let found = programs::find(&path, client::installed::folder().as_deref(), data.as_deref());
    // Windows from elsewhere, or, when it is empty, none.
    match std::env::var_os(WINDOW) {
        Some(window) => Programs { window: (!window.is_empty()).then(|| window.into()), ..found },
        None => found,
    }
}

fn end_on_signals(events: mpsc::Sender<Event>) {
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        let events = events.clone();
        let Ok(mut signals) = signal(kind) else { continue };
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let _ = events.send(Event::Terminated).await;
            }
        });
    }
}

/// A line on standard error, which may be closed.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "homeport-desktop: {text}");
    tracing::info!(target: own_log::SAID, "{text}");
}
