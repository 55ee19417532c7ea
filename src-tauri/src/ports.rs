//! Asks now and then on which ports the programs of workspaces listen. Which workspaces are asked is decided in
//! `state/ports.rs`.

use std::time::Duration;

use proto::id::AgentId;
use tokio::sync::{mpsc, watch};

use crate::event::Event;
use crate::listener::Listener;
use crate::place::Place;
use crate::sessions::Sessions;

/// Between two rounds: somebody started a program, and looks for it.
const LOOK: Duration = Duration::from_secs(10);
/// A workspace that takes longer is not waited for: the next one is asked.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks for as long as it lives.
pub struct Ports(watch::Sender<Vec<(Place, AgentId)>>);

impl Ports {
    pub fn start(sessions: Sessions, events: mpsc::Sender<Event>) -> Self {
        let (wanted, seen) = watch::channel(Vec::new());
        tokio::spawn(ask(seen, sessions, events));
        Self(wanted)
    }

    /// Asks these from now on, and at once.
    pub fn follow(&self, daemons: Vec<(Place, AgentId)>) {
        self.0.send_replace(daemons);
    }
}

async fn ask(mut wanted: watch::Receiver<Vec<(Place, AgentId)>>, sessions: Sessions, events: mpsc::Sender<Event>) {
    loop {
        let daemons = wanted.borrow_and_update().clone();
        for (place, daemon) in &daemons {
            let Some((deployment, _)) = sessions.at(place) else { continue };
            // One that does not answer keeps what it said last: it is the same program in most cases.
            if let Ok(Ok(answer)) = tokio::time::timeout(LIMIT, deployment.listening_ports(*daemon)).await {
                let _ = events.send(Event::Listening(*daemon, Listener::all(&answer))).await;
            }
        }
        let pause = async {
            if daemons.is_empty() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(LOOK).await;
        };
        tokio::select! {
            () = pause => {}
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}
