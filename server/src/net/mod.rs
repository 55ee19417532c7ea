//! What the server does on the network for the mesh: coordinator, relay, STUN, and the two RPC services.
//!
//! Not here: REST resources of people ([`crate::http`]), builds, and the mesh engine itself.

pub mod coordinator;
