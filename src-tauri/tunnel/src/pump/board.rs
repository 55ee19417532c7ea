//! What every thread that moves packets must know: who has which address and name, and where the device is. Swapped as a
//! whole; readers hold what they saw for one batch.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use mesh::driver::Outward;
use mesh::names::Directory;

use crate::machine::Writer;
use crate::state::Key;

/// Names and addresses at one time.
#[derive(Default)]
pub struct View {
    /// Names.
    pub directory: Arc<Directory>,
    /// Which deployment has which address.
    pub routes: HashMap<Ipv6Addr, Key>,
    /// The way into each deployment's engine.
    pub engines: HashMap<Key, Outward>,
    /// Whether every deployment that is wanted has said who is there.
    pub is_settled: bool,
}

/// See the module.
#[derive(Default)]
pub struct Board {
    view: Mutex<Arc<View>>,
    writer: Mutex<Option<Box<dyn Writer>>>,
    /// Grows with every other device.
    generation: AtomicU64,
}

impl Board {
    /// What is known now.
    pub fn view(&self) -> Arc<View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces what is known.
    pub fn show(&self, view: View) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    /// Another device, or none.
    pub fn set_writer(&self, writer: Option<Box<dyn Writer>>) {
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = writer;
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn writer(&self) -> Option<Box<dyn Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|writer| writer.another())
    }
}

/// One thread's writer to whatever device there is.
pub struct Pen {
    board: Arc<Board>,
    generation: u64,
    writer: Option<Box<dyn Writer>>,
}

impl Pen {
    /// For another thread.
    pub fn new(board: Arc<Board>) -> Self {
        // The first write finds another generation and looks.
        Self { board, generation: u64::MAX, writer: None }
    }

    /// Writes all of these; without a device they are lost, as on any cut line.
    pub fn write(&mut self, packets: &mut Vec<BytesMut>) {
        let now = self.board.generation.load(Ordering::Acquire);
        if now != self.generation {
            (self.generation, self.writer) = (now, self.board.writer());
        }
        if let Some(writer) = &mut self.writer {
            writer.write(packets);
        }
        packets.clear();
    }
}
