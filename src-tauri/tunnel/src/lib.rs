//! The tunnel service: a network device, routes and DNS of the operating system, an engine for each deployment.
//!
//! It runs with one privilege (`CAP_NET_ADMIN`) for callers who have none. Therefore it never executes, downloads, or
//! opens a path that a caller named; it listens on one Unix socket; it holds tokens in memory only. Not here: a window,
//! an HTTP server, a store.

pub mod journal;
pub mod network;
pub mod os;
pub mod plan;
