//! Starts a program that lives on by itself: a session of its own, no terminal of ours, its end collected.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::sync::mpsc;

use crate::event::Event;
use crate::label::harmless;
use crate::open::Launch;

/// A window that ends with a fault after this was seen, and is not replaced by a browser out of nothing.
const SOON: Duration = Duration::from_secs(30);
/// How a window says that it opened the browser itself.
const BROWSER_INSTEAD: i32 = 5;
/// Longest line that is heard.
const MAX_LINE: u64 = 1_000;

/// Starts it. What goes wrong at the start comes back as a sentence, and what it leaves undone is started otherwise.
pub fn start(mut launch: Launch, events: mpsc::Sender<Event>) {
    tokio::spawn(async move {
        let otherwise = launch.otherwise.take();
        let name = launch.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Err(why) = run(launch, otherwise.is_some()).await else { return };
        let instead = if otherwise.is_some() { "; the browser is used instead" } else { "" };
        let _ = events.send(Event::Trouble(format!("{name} {why}{instead}"))).await;
        if let Some(otherwise) = otherwise {
            let _ = run(*otherwise, false).await;
        }
    });
}

/// Runs it to its end. An end without success is none of our business where nothing else could be done.
async fn run(launch: Launch, is_watched: bool) -> Result<(), String> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).stdout(Stdio::null()).process_group(0);
    command.stderr(if is_watched { Stdio::piped() } else { Stdio::null() });
    command.stdin(if launch.input.is_some() { Stdio::piped() } else { Stdio::null() });
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    if let (Some(input), Some(mut stdin)) = (&launch.input, child.stdin.take()) {
        // A program that does not read asks by itself.
        let _ = stdin.write_all(input.expose().as_bytes()).await;
    }
    drop(launch);
    let last = match child.stderr.take() {
        Some(stderr) => last_words(stderr).await,
        None => String::new(),
    };
    let status = child.wait().await.map_err(|error| error.to_string())?;
    let is_done = status.success() || status.code() == Some(BROWSER_INSTEAD) || start.elapsed() > SOON;
    if !is_watched || is_done { Ok(()) } else { Err(format!("failed: {last}")) }
}

/// The last line that was said before the end.
async fn last_words(stderr: ChildStderr) -> String {
    let mut lines = BufReader::new(stderr);
    let mut last = Vec::new();
    loop {
        let mut line = Vec::new();
        match (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => break,
            Ok(_) if line.trim_ascii().is_empty() => {}
            Ok(_) => last = line,
        }
    }
    harmless(String::from_utf8_lossy(&last).trim())
}
