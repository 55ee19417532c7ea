//! The tray program `homeport-desktop`: lists, starts, stops and opens workspaces from a menu, switches the tunnel, and
//! hosts workspaces on this computer.
//!
//! ```text
//!   deployments (REST, watch) ─┐                          ┌─► tray, notifications (session bus)
//!   tunnel (local socket) ─────┼─► controller ── state ───┼─► builds, tunnel calls
//!   server of this computer ───┤   one loop      pure     ├─► programs, clipboard
//!   clicks, links, sleep ──────┘                          └─► server of this computer
//! ```
//!
//! Not here: windows (`homeport-window` is a program of its own), the mesh, privilege.

pub mod action;
pub mod arguments;
mod autostart;
mod backoff;
mod bundle;
mod bus;
mod clipboard;
mod compact;
pub mod controller;
pub mod effect;
pub mod event;
mod feed;
mod host;
pub mod hosting;
pub mod icon;
mod install;
mod keeper;
pub mod label;
mod launch;
pub mod lid;
pub mod link;
pub mod listener;
pub mod menu;
mod mimeapps;
mod notify;
pub mod open;
mod own_log;
mod paths;
pub mod place;
mod port;
mod ports;
mod programs;
pub mod reachable;
mod renewal;
pub mod row;
mod run;
mod sessions;
pub mod settings;
mod settings_file;
mod sign_in;
mod sleep;
pub mod state;
mod tray;
mod tunnel;

pub use run::main;
