//! Every decoder and every session of the wires as a function from bytes to nothing: shared by the fuzz targets in
//! `tests/fuzz` and by `tests/hostile.rs`, which replays their corpora. A decoder may refuse; it must not panic, and what
//! it accepts must come back the same when it is encoded and decoded again. A session may end; it must not hold more than
//! it may, and nobody else's may end with it.

mod calls;
mod mesh;
mod names;
mod rest;
mod script;
mod ssh;
mod tunnel;
mod wires;
mod yamux;

pub use calls::{drpc_session, drpc_session_with, websocket};
pub use mesh::{check_delivered, engine, stack};
pub use names::{name, token};
pub use rest::{rest, same_again};
pub use ssh::{pty, sftp};
pub use tunnel::{dns, ipc};
pub use wires::{agent, derp, derp_login, derp_map, disco, drpc, stun, tailnet};
pub use yamux::{check_usage, yamux};

/// A decoder that only says by a panic that something is wrong.
pub type Decode = fn(&[u8]);

/// One decoder or session.
pub struct Target {
    /// Also the folder of its corpus and the fuzz target.
    pub name: &'static str,
    /// See the module.
    pub entry: Decode,
    /// How many mutants of each corpus file a test run has time for.
    pub mutants: u64,
    /// Takes in many messages, rather than one.
    pub is_session: bool,
}

const fn quick(name: &'static str, entry: Decode) -> Target {
    Target { name, entry, mutants: 300, is_session: false }
}

/// Whole sessions, with cryptography or a runtime in them.
const fn session(name: &'static str, entry: Decode, mutants: u64) -> Target {
    Target { name, entry, mutants, is_session: true }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    quick("agent", agent),
    quick("derp", derp),
    quick("derp_login", derp_login),
    quick("derp_map", derp_map),
    quick("disco", disco),
    quick("dns", dns),
    quick("drpc", drpc),
    session("drpc_session", drpc_session, 40),
    session("engine", engine, 10),
    quick("ipc", ipc),
    quick("name", name),
    quick("pty", pty),
    quick("rest", rest),
    quick("sftp", sftp),
    session("stack", stack, 20),
    quick("stun", stun),
    quick("tailnet", tailnet),
    quick("token", token),
    session("websocket", websocket, 100),
    session("yamux", yamux, 40),
];
