//! Reports that wait for the server, over reconnects: a bounded queue whose reader removes an item only once it is told.
//! Not for logs (see `logs`) nor lifecycle states (see `lifecycle`): those have rules of their own.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A bounded first-in first-out queue with one reader.
#[derive(Debug)]
pub struct Outbox<T> {
    items: Mutex<VecDeque<T>>,
    pushed: Notify,
    popped: Notify,
    limit: usize,
}

impl<T: Clone> Outbox<T> {
    /// A queue of at most `limit` items.
    pub fn new(limit: usize) -> Self {
        Self { items: Mutex::default(), pushed: Notify::new(), popped: Notify::new(), limit }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item; `false` when there is no room: what happened first is worth more than what happened last.
    pub fn push(&self, item: T) -> bool {
        let mut items = self.lock();
        if items.len() >= self.limit {
            return false;
        }
        items.push_back(item);
        drop(items);
        self.pushed.notify_one();
        true
    }

    /// The oldest item, as soon as there is one. It stays until [`Outbox::pop`].
    pub async fn front(&self) -> T {
        loop {
            if let Some(item) = self.lock().front() {
                return item.clone();
            }
            self.pushed.notified().await;
        }
    }

    /// Removes the oldest item.
    pub fn pop(&self) {
        self.lock().pop_front();
        self.popped.notify_waiters();
    }

    /// Resolves when nothing waits.
    pub async fn emptied(&self) {
        loop {
            let popped = self.popped.notified();
            if self.is_empty() {
                return;
            }
            popped.await;
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

#[cfg(test)]
mod tests;
