//! The names of workspaces: which exist, to which addresses they lead, and what is answered to a DNS query.
//!
//! ```text
//!  WorkspaceUpdates ──► Zone (one per deployment) ──┐
//!                       Zone ───────────────────────┴─► Directory ──► answer(query) ──► reply
//! ```
//!
//! Names exist only while their workspace has a daemon: programs take a name for "it is running"
//! (spec `coder-connect.md` 3.3, 3.4). Pure. Not here: sockets, DNS bytes (`proto::dns`), how the system learns of us.

mod answer;
mod directory;
mod suffix;
#[cfg(test)]
mod tests;
mod zone;

pub use answer::{Transport, answer};
pub use directory::{Clash, Directory, Found};
pub use suffix::{Suffix, SuffixError};
pub use zone::{Named, Zone, ZoneError};

/// Left of the suffix: the name that tells programs that the tunnel is on.
pub const ENABLED: &str = "is.coder--connect--enabled--right--now";
