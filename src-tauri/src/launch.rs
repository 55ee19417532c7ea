//! Starts a program that lives on by itself: a session of its own, no terminal of ours, its end collected.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::event::Event;
use crate::open::Launch;

/// Starts it. What goes wrong at the start comes back as a sentence.
pub fn start(launch: Launch, events: mpsc::Sender<Event>) {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.stdin(if launch.input.is_some() { Stdio::piped() } else { Stdio::null() });
    let name = launch.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    tokio::spawn(async move {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let _ = events.send(Event::Trouble(format!("{name} cannot be started: {error}"))).await;
                return;
            }
        };
        if let (Some(input), Some(mut stdin)) = (&launch.input, child.stdin.take()) {
            // A program that does not read asks by itself.
            let _ = stdin.write_all(input.expose().as_bytes()).await;
        }
        drop(launch);
        let _ = child.wait().await;
    });
}
