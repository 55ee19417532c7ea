//! DNS messages, as far as a server of one small zone needs them (RFC 1035, RFC 6891): a query in, an answer out.
//!
//! ```text
//!  query ── Query::decode ──► id, name, type ── (mesh::names decides) ──► Reply::encode ── answer
//!  ask ── query (of our own, to see whether that works) ──► … ── answer ──► hear ──► code, addresses
//! ```
//!
//! A query holds exactly one question. Compression is neither followed nor written: a question that is compressed
//! points at nothing before it, and our answers repeat one short name at most twice (pointer loops and quadratic
//! compression are therefore impossible). Not here: which names exist, sockets, forwarding.

mod ask;
mod name;
mod query;
mod reply;
#[cfg(test)]
mod tests;

pub use ask::{Heard, HeardError, ask, hear};
pub use name::{Name, NameError};
pub use query::{Kind, Query, QueryError};
pub use reply::{Answer, Code, Reply};

/// Length of the fixed head (RFC 1035 4.1.1).
pub const HEAD: usize = 12;
/// Longest query that is read: far above any single question with an OPT record, equal to what the field accepts.
pub const MAX_QUERY: usize = 4096;
/// Longest answer over UDP to a query without EDNS (RFC 1035 4.2.1).
pub const PLAIN_UDP: usize = 512;
/// Only the Internet class exists here.
pub(crate) const CLASS_IN: u16 = 1;
