//! Looks at whether this computer is reachable elsewhere, and has our command change that. What is wanted is decided in
//! `reachable.rs`.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use client::reachable::Files;
use tokio::process::Command;
use tokio::sync::{Notify, mpsc};

use crate::event::Event;
use crate::label::{harmless, shorten};
use crate::reachable::{Order, ReachableNews};

/// Between two looks at one small file; who is connected is asked as often.
const LOOK: Duration = Duration::from_secs(2);
/// Registering waits for a build.
const LIMIT: Duration = Duration::from_secs(180);

/// Looks for as long as the program runs.
pub struct Keeper {
    events: mpsc::Sender<Event>,
    bell: Arc<Notify>,
}

impl Keeper {
    pub fn start(files: Option<Files>, events: mpsc::Sender<Event>) -> Self {
        let bell = Arc::new(Notify::new());
        if let Some(files) = files {
            tokio::spawn(look(files, Arc::clone(&bell), events.clone()));
        }
        Self { events, bell }
    }

    /// Has our command do it; what comes of it comes back.
    pub fn order(&self, program: PathBuf, order: Order) {
        let (events, bell) = (self.events.clone(), Arc::clone(&self.bell));
        tokio::spawn(async move {
            let done = carry_out(&program, &order).await;
            let _ = events.send(Event::ReachableDone(order, done)).await;
            bell.notify_one();
        });
    }
}

async fn look(files: Files, bell: Arc<Notify>, events: mpsc::Sender<Event>) {
    let mut told = None;
    loop {
        let registration = files.load().unwrap_or_else(|error| {
            tracing::warn!(%error, "what is remembered of being reachable cannot be read");
            None
        });
        let is_running = registration.is_some() && files.is_running();
        let running = if is_running { files.ask().await } else { None };
        let news = ReachableNews { registration, is_running, report: running.map(|running| running.report) };
        if told.as_ref() != Some(&news) {
            told = Some(news.clone());
            let _ = events.send(Event::Reachable(news)).await;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            // Told again even when nothing changed: somebody waits for it.
            () = bell.notified() => told = None,
        }
    }
}

async fn carry_out(program: &std::path::Path, order: &Order) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(order.arguments()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    // What ends us does not end it in the middle, nor the daemon that it starts.
    command.process_group(0);
    let output = match tokio::time::timeout(LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("homeport cannot be started: {error}")),
        Err(_) => return Err("it takes too long".into()),
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find_map(|line| line.strip_prefix("homeport: ")).unwrap_or("it says no reason");
    Err(shorten(&harmless(last), 300))
}
