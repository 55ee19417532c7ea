//! The coordinator: hands the records of peers to those that share a tunnel with them (spec `tailnet.md` 5).
//!
//! ```text
//!  stream ── request ── form ok? ── may it? ── state ── outbox ── stream
//!            (request)  (request) (permission) (state)  (outbox)  (session)
//! ```
//! Everything but [`session`] is pure. Not here: who a caller is, and the websocket below the stream.

mod outbox;
mod permission;
mod request;
mod session;
mod state;
#[cfg(test)]
mod tests;

pub use outbox::Output;
pub use permission::{Access, Refusal};
pub use request::{Malformed, Request};
pub use session::{Coordinator, Reach, Visitor};
pub use state::{Departure, SessionId, State};
