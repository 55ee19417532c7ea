//! The tunnel service: a network device, routes and DNS of the operating system, an engine for each deployment.
//!
//! It runs with one privilege (`CAP_NET_ADMIN`) for callers who have none. Therefore it never executes, downloads, or
//! opens a path that a caller named; it listens on one Unix socket; it holds tokens in memory only. Not here: a window,
//! an HTTP server, a store.
//!
//! ```text
//!  programs ── packets ──► pump ── gate ──► deployment (engine) ──► workspace daemons
//!           ── names ────► pump ── resolver        ▲
//!  owner ──── socket ────► ipc ──► service ── state ┴─► machine ──► network (routes, resolver of the system)
//! ```

pub mod deployment;
pub mod gate;
pub mod ipc;
pub mod journal;
pub mod machine;
pub mod network;
pub mod news;
pub mod os;
pub mod owner;
pub mod packet;
pub mod plan;
pub mod pump;
pub mod resolver;
pub mod service;
pub mod state;
