//! `homeport-window`: the pages of the dashboard in a window of their own, and the tray's menu where no panel shows it.
//!
//! ```text
//!   page (hostile ground) ── commands, listed and granted per window ──► rule ──► deployment (session stays here)
//!                         ◄── channel, with credit ── streams ◄────────────────── watch, logs, terminal
//!   page of the menu ── clicks ──► tray_menu ──► the tray's socket
//! ```
//!
//! Not here: the tray, which starts this program and goes on without it.

mod arguments;
mod commands;
mod opener;
mod paint;
mod place;
mod rule;
mod run;
mod streams;
mod tray_menu;
mod windows;

#[cfg(test)]
#[path = "acl/tests.rs"]
mod acl;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::main()
}
