//! Whether a workspace daemon shares this computer's network: then it sees two ports that only this process knows.
//! Its ports are here already, and forwarding them would make more and more of them.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Two listeners that nobody is told of. One could meet a remote service of the same number; two do not.
pub struct Canary([TcpListener; 2]);

impl Canary {
    /// Listens on two ports that the system draws.
    pub fn set() -> io::Result<Self> {
        let listener = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        Ok(Self([listener()?, listener()?]))
    }

    /// Their numbers.
    pub fn ports(&self) -> Vec<u16> {
        self.0.iter().filter_map(|listener| Some(listener.local_addr().ok()?.port())).collect()
    }
}
