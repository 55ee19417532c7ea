//! A program that listens in a workspace, as the menu names it. Pure; asking is in `ports.rs`.

use proto::rest::agent::ListeningPorts;

use crate::label::{harmless, shorten};

/// Most ports of one workspace daemon that are shown.
const MAX_LISTENERS: usize = 24;
/// Longest name of a program.
const MAX_PROGRAM: usize = 24;

/// A program of a workspace that listens on a TCP port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    pub port: u16,
    /// Its program, harmless and short; empty where that is not known.
    pub program: String,
}

impl Listener {
    /// Those of an answer, by port, each port once.
    pub fn all(answer: &ListeningPorts) -> Vec<Self> {
        let tcp = answer.ports.iter().filter(|port| port.network.starts_with("tcp") && port.port != 0);
        let short = |name: &str| shorten(&harmless(name), MAX_PROGRAM);
        let mut all: Vec<_> = tcp.map(|port| Self { port: port.port, program: short(&port.process_name) }).collect();
        all.sort_by(|one, other| (one.port, &one.program).cmp(&(other.port, &other.program)));
        all.dedup_by_key(|listener| listener.port);
        all.truncate(MAX_LISTENERS);
        all
    }
}
