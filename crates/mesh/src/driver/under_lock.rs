//! What the loop and the streams share: the stack under a lock, and who waits for what.
//!
//! The lock is held for copies of at most a batch and never across an await. Wakers are called after it is released.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::sync::{Notify, mpsc};

use super::tcp::TcpStream;
use crate::stack::{FlowId, Stack, UdpId};

/// See the module.
pub struct Shared {
    net: Mutex<Net>,
    /// Wakes the loop: the stack has something to send.
    pub kick: Notify,
    stopped: AtomicBool,
}

/// What is under the lock.
pub struct Net {
    pub stack: Stack,
    pub waiting: HashMap<FlowId, Waiting>,
    pub waiting_udp: HashMap<UdpId, Vec<Waker>>,
    pub listeners: HashMap<u16, mpsc::Sender<TcpStream>>,
}

/// Who waits for a flow.
#[derive(Default)]
pub struct Waiting {
    pub read: Option<Waker>,
    pub write: Option<Waker>,
}

impl Shared {
    pub fn new(stack: Stack) -> Self {
        let net = Net { stack, waiting: HashMap::new(), waiting_udp: HashMap::new(), listeners: HashMap::new() };
        Self { net: Mutex::new(net), kick: Notify::new(), stopped: AtomicBool::new(false) }
    }

    pub fn lock(&self) -> MutexGuard<'_, Net> {
        // Nothing under the lock panics; if something did, its packets are still whole packets.
        self.net.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Ends every wait; streams fail from now on.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        let mut net = self.lock();
        let (flows, sockets) = (std::mem::take(&mut net.waiting), std::mem::take(&mut net.waiting_udp));
        // Streams that nobody accepted take the lock when they are dropped.
        let listeners = std::mem::take(&mut net.listeners);
        drop(net);
        drop(listeners);
        let flows = flows.into_values().flat_map(|waiting| [waiting.read, waiting.write]).flatten();
        flows.chain(sockets.into_values().flatten()).for_each(Waker::wake);
    }

    /// Wakes the loop when the stack has something to send. Called with the lock held: the check is then exact.
    pub fn kick_if(&self, net: &Net) {
        if net.stack.has_output() {
            self.kick.notify_one();
        }
    }
}
