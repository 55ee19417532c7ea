//! The tunnel service as it is installed and used: its unit file, who may speak on its socket, and names that lead into
//! a workspace with the programs of this machine. Its half that touches the machine has tests of its own.
//!
//! `HOMEPORT_TEST_SABOTAGE=<row>` removes what the row relies on; its test must then be red.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "service/callers.rs"]
mod callers;
#[path = "service/captured.rs"]
mod captured;
#[path = "service/desktop.rs"]
mod desktop;
#[path = "service/exposed.rs"]
mod exposed;
#[path = "service/installed.rs"]
mod installed;
#[path = "service/made.rs"]
mod made;
#[path = "service/names.rs"]
mod names;
#[path = "service/planted.rs"]
mod planted;
#[path = "service/programs.rs"]
mod programs;
#[path = "service/seated.rs"]
mod seated;
#[path = "service/slow.rs"]
mod slow;
#[path = "service/stage.rs"]
mod stage;
#[path = "service/two.rs"]
mod two;
#[path = "service/unit.rs"]
mod unit;
#[path = "service/woken.rs"]
mod woken;

use std::ops::Deref;
use std::time::{Duration, Instant};

use tests::lab::{self, Namespace};
use tests::sabotaged;

/// A running service in a namespace of its own.
struct Service {
    running: lab::Service,
    namespace: Namespace,
}

impl Service {
    fn start(group: &str) -> Self {
        Self::start_with(group, &[])
    }

    fn start_with(group: &str, arguments: &[&str]) -> Self {
        let namespace = Namespace::new("service");
        Self { running: lab::Service::start(|program| namespace.command(program), group, arguments), namespace }
    }
}

impl Deref for Service {
    type Target = lab::Service;

    fn deref(&self) -> &lab::Service {
        &self.running
    }
}

/// Looks again and again; how long it took. Each look runs a program or asks the file system, which is pause enough.
fn until(limit: Duration, is_so: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < limit, "not within {limit:?}");
        std::thread::yield_now();
    }
    start.elapsed()
}
