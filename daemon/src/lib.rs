//! What runs inside a workspace. Not for listening anywhere outside the mesh and the loopback-only agent socket.
//!
//! [`run`] is the whole program: `config` reads flags and environment, `daemon` keeps the connection to the server
//! (`control`) and the mesh (`network`, `services`) alive, and ends both in order.

mod apps;
mod child;
pub mod command;
mod config;
mod connections;
mod control;
mod daemon;
mod dial;
mod http_api;
mod lifecycle;
mod listening_ports;
mod local_report;
mod logs;
mod metadata;
mod network;
pub mod os;
mod outbox;
mod own_log;
pub mod pty;
mod reaper;
mod resources;
mod scripts;
mod secret_files;
mod services;
pub mod session;
pub mod speedtest;
pub mod ssh;
mod start;
mod stats;

pub use config::{Args, ConfigError};
pub use start::run;
