//! What only an operating system can answer, for the sessions: accounts, shells, terminals, process groups.
//! Linux is the platform that is proven; another one is a sibling file with the same functions. No decisions live here.

pub mod hidden_token;
pub mod links;
pub mod process;
pub mod pty;
pub mod shell;
pub mod sockets;
pub mod user;
