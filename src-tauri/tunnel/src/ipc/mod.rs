//! The service's one door: a Unix socket, and what is said on it (`proto::ipc`).
//!
//! ```text
//!   listener ── socket, kernel's credentials ──► service ── admitted ──► connection ── requests ──► service
//!                                                    └── not: closed          ▲ replies, events (Outbox)
//! ```
//!
//! Not here: who is admitted (`owner`), what requests do (`state`).

mod connection;
mod listener;
mod outbox;
#[cfg(test)]
mod tests;

pub use connection::{FIRST_MESSAGE, converse};
pub use listener::{ListenError, Listener};
pub use outbox::{Outbox, Unsent, outbox};
