//! Carries packets between the network device and the engines.
//!
//! ```text
//!             ┌────────── thread "pump" ─────────┐
//!   device ──►│ gate ─► name server's address ───┼─► resolver ──────────────► device
//!             │      ─► a daemon's address ──────┼─► that deployment's engine
//!             │      ─► our prefix, nobody there ┼─► ICMPv6 unreachable ────► device
//!             │      ─► anything else            │   dropped
//!             └──────────────────────────────────┘
//!   device ◄── gate ◄── Inward ◄── an engine, on its own thread
//! ```
//!
//! Not here: which deployment has which address (`Board` is told), what may pass (`gate`), what is answered (`resolver`).

mod board;
mod inward;
mod outgoing;
mod streams;
#[cfg(test)]
mod tests;

pub use board::{Board, View};
pub use inward::Inward;
pub use streams::serve as serve_streams;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::gate::Gate;
use crate::machine::Reader;
use outgoing::Outgoing;

/// The reading thread of one device. Dropping it stops the thread.
pub struct Pump {
    stop: Box<dyn Fn() + Send>,
    is_stopped: Arc<AtomicBool>,
}

impl Pump {
    /// Starts reading; `streams` takes packets of names over TCP.
    ///
    /// # Errors
    /// No thread.
    pub fn start(
        mut reader: Box<dyn Reader>,
        stop: Box<dyn Fn() + Send>,
        board: Arc<Board>,
        gate: Arc<Gate>,
        streams: mpsc::Sender<Bytes>,
    ) -> io::Result<Self> {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let told = is_stopped.clone();
        let run = move || {
            let mut outgoing = Outgoing::new(board.clone(), gate, streams);
            while !told.load(Ordering::Acquire) {
                // A read may wait for hours: what is known is looked at when its first packet is there.
                let mut has_begun = false;
                let read = reader.read(&mut |packet| {
                    if !has_begun {
                        outgoing.begin(board.view(), Instant::now());
                        has_begun = true;
                    }
                    outgoing.take(packet);
                });
                outgoing.flush();
                if let Err(error) = read {
                    // Stopped, or the device is gone; then whoever made it says what follows.
                    tracing::debug!(%error, "the device is not read any more");
                    return;
                }
            }
        };
        std::thread::Builder::new().name("pump".to_owned()).spawn(run)?;
        Ok(Self { stop, is_stopped })
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Release);
        (self.stop)();
    }
}
