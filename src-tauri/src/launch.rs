//! Starts a program that lives on by itself: a session of its own, no terminal of ours, its end collected. A window of
//! ours is heard to its end: what became of it instead is told.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
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
/// How a session ends its programs, and people theirs.
const ASKED_TO_END: [i32; 3] = [1, 2, 15];

/// Starts it. What goes wrong at the start comes back as a sentence, and what it leaves undone is started otherwise.
pub fn start(mut launch: Launch, events: mpsc::Sender<Event>) {
    tokio::spawn(async move {
        let name = launch.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !launch.is_window {
            let started = async { Ok::<_, std::io::Error>(spawn(launch).await?.wait().await) };
            if let Err(error) = started.await {
                let _ = events.send(Event::Trouble(format!("{name} cannot be started: {error}"))).await;
            }
            return;
        }
        let otherwise = launch.otherwise.take();
        let (why, is_open) = match follow(launch).await {
            End::Done => return,
            // Its words say both.
            End::InBrowser(said) => (said, true),
            End::Never(why) => (format!("{name} {why}"), false),
            End::Later(why) => {
                let why = format!("{name} {why}");
                let _ = events.send(Event::WindowFailed { why, browser_instead: false }).await;
                return;
            }
        };
        let why = if is_open || otherwise.is_none() { why } else { format!("{why}; the browser is used instead") };
        let browser_instead = is_open || otherwise.is_some();
        let _ = events.send(Event::WindowFailed { why, browser_instead }).await;
        if let Some(otherwise) = otherwise.filter(|_| !is_open) {
            start(*otherwise, events);
        }
    });
}

/// How a window ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// As it should.
    Done,
    /// It opened the browser itself, and said why.
    InBrowser(String),
    /// It was never seen.
    Never(String),
    /// It was seen before.
    Later(String),
}

async fn follow(launch: Launch) -> End {
    let start = Instant::now();
    let mut child = match spawn(launch).await {
        Ok(child) => child,
        Err(error) => return End::Never(format!("cannot be started: {error}")),
    };
    let last = match child.stderr.take() {
        Some(stderr) => last_words(stderr).await,
        None => String::new(),
    };
    match child.wait().await {
        Ok(status) => ended(status, start.elapsed(), last),
        Err(error) => End::Never(error.to_string()),
    }
}

fn ended(status: ExitStatus, after: Duration, last: String) -> End {
    if status.success() || status.signal().is_some_and(|signal| ASKED_TO_END.contains(&signal)) {
        return End::Done;
    }
    if status.code() == Some(BROWSER_INSTEAD) {
        let said = if last.is_empty() { "The window opened the browser instead".to_owned() } else { last };
        return End::InBrowser(said);
    }
    let why = if last.is_empty() { status.to_string() } else { last };
    if after > SOON { End::Later(format!("ended: {why}")) } else { End::Never(format!("failed: {why}")) }
}

async fn spawn(launch: Launch) -> std::io::Result<Child> {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).stdout(Stdio::null()).process_group(0);
    command.stderr(if launch.is_window { Stdio::piped() } else { Stdio::null() });
    command.stdin(if launch.input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn()?;
    if let (Some(input), Some(mut stdin)) = (&launch.input, child.stdin.take()) {
        // A program that does not read asks by itself.
        let _ = stdin.write_all(input.expose().as_bytes()).await;
    }
    Ok(child)
}

/// The last line that was said before the end, by the program itself where it said something.
async fn last_words(stderr: ChildStderr) -> String {
    let mut lines = BufReader::new(stderr);
    let (mut last, mut own) = (String::new(), None);
    loop {
        let mut line = Vec::new();
        match (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {
                let line = harmless(String::from_utf8_lossy(&line).trim());
                if let Some((_, said)) = line.split_once("homeport-window: ").filter(|(before, _)| before.is_empty()) {
                    own = Some(said.to_owned());
                } else if !line.is_empty() {
                    last = line;
                }
            }
        }
    }
    own.unwrap_or(last)
}

#[cfg(test)]
mod tests;
