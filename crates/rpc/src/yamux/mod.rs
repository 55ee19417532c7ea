//! Many streams over one connection (spec `agent-rpc.md` 2), both roles. Not here: what the streams carry.
//!
//! ```text
//!  Stream, Mux (handles) ──lock──► Session (pure: bytes in, bytes out, streams, credit) ◄──lock── driver (one task with the IO)
//! ```
//! Ours rather than a crate's: `docs/decisions/0004-own-yamux.md`.

mod driver;
mod ending;
mod half;
mod mux;
mod session;

pub use ending::SessionError;
pub use mux::{Mux, Stream};
pub use session::{Events, Role, Session, Usage};

use std::time::Duration;

/// Most streams that the other end may have open at once, and that we open: the backlog of real peers, and far more
/// calls than a daemon or a client makes.
pub const MAX_STREAMS: usize = 256;
/// Credit of a stream that is being read: 1 MiB fills 80 Mbit/s at 100 ms. A stream that nobody reads keeps the initial
/// 256 KiB, so an idle reader cannot be made to hold more.
pub const RECEIVE_WINDOW: u32 = 1 << 20;
/// Most bytes in a data frame that we send, so that calls take turns.
const MAX_DATA: usize = 32 * 1024;
/// A stream takes no further writes while this much waits to be sent.
const SEND_BUFFER: usize = 256 * 1024;
/// Most control frames (pongs, refusals, …) that may wait for a slow connection: an end that provokes more without
/// reading them wants to fill our memory.
const MAX_CONTROL: usize = 4096;
/// An end that is silent is asked this often whether it lives.
const PING_PERIOD: Duration = Duration::from_secs(30);
/// And must have answered after this: half the period, so that two questions never overlap.
const PONG_LIMIT: Duration = Duration::from_secs(15);
/// How long the other end may take to close a stream that we are done with.
const LINGER: Duration = Duration::from_secs(30);
/// How long the last bytes may take when we end the connection.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
