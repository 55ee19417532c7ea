//! What runs inside a workspace. Not for listening anywhere outside the mesh and the loopback-only agent socket.

pub mod command;
pub mod os;
pub mod pty;
pub mod session;
pub mod speedtest;
pub mod ssh;
