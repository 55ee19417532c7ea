//! Ends the machine's own connections from or to our prefix when the tunnel goes: the kernel would go on repeating what was
//! not acknowledged over the machine's ordinary network, and their programs would wait for minutes. Not here: when.
//!
//! It is what `ss -K` does: `NETLINK_SOCK_DIAG` lists sockets and is told each that shall end (`sock_diag(7)`,
//! `linux/inet_diag.h`). Kernels without `CONFIG_INET_DIAG_DESTROY` refuse.

use std::io;
use std::net::Ipv6Addr;
use std::os::fd::AsRawFd as _;

use nix::libc::{AF_INET6, IPPROTO_TCP, IPPROTO_UDP};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, setsockopt, socket, sockopt::ReceiveTimeout,
};
use nix::sys::time::{TimeVal, TimeValLike as _};
use proto::address::is_in_tunnel;

/// Of `linux/netlink.h` and `linux/sock_diag.h`.
const DONE: u16 = 3;
const ERROR: u16 = 2;
const LIST: u16 = 20;
const DESTROY: u16 = 21;
const REQUEST: u16 = 0x1;
const ACKNOWLEDGE: u16 = 0x4;
const DUMP: u16 = 0x300;
/// Bytes of a message's head, of a request before the socket's identity, and of that.
const HEAD: usize = 16;
const BEFORE_ID: usize = 8;
const ID: usize = 48;
/// Bytes of an answer before the socket's identity: family, state and two of its timer.
const BEFORE_ANSWERED_ID: usize = 4;
/// Where in an identity the two addresses are.
const SOURCE: usize = 4;
const DESTINATION: usize = 20;
/// All states of TCP but closed, waiting out its time, and listening: those send nothing.
const ALIVE: u32 = 0x1fff & !(1 << 6 | 1 << 7 | 1 << 10);
/// A datagram socket that has an other end.
const CONNECTED: u32 = 1 << 1;
/// The kernel fills as much at once; more than that is cut.
const BUFFER: usize = 64 * 1024;
/// Sockets that are ended at a time: a machine that has more of them has other troubles.
const MOST: usize = 100_000;
/// A kernel that says nothing is not waited for: the tunnel goes down all the same.
const PATIENCE_SECONDS: i64 = 2;

/// Ends all of them; how many.
///
/// # Errors
/// The kernel cannot list or end sockets.
pub fn end_all() -> io::Result<usize> {
    let kernel = Kernel::open()?;
    let mut ended = 0;
    for (protocol, states) in [(IPPROTO_TCP, ALIVE), (IPPROTO_UDP, CONNECTED)] {
        for id in kernel.list(protocol, states)? {
            // One that ended meanwhile is as wanted.
            match kernel.end(protocol, &id) {
                Ok(()) => ended += 1,
                Err(error) if error.raw_os_error() == Some(nix::libc::ENOENT) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(ended)
}

/// A socket's identity as the kernel writes it: ports, addresses, interface, cookie.
type Id = [u8; ID];

/// A connection to the kernel.
struct Kernel(std::os::fd::OwnedFd);

impl Kernel {
    fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkSockDiag)?;
        setsockopt(&fd, ReceiveTimeout, &TimeVal::seconds(PATIENCE_SECONDS))?;
        Ok(Self(fd))
    }

    /// Those of ours.
    fn list(&self, protocol: i32, states: u32) -> io::Result<Vec<Id>> {
        self.say(&message(LIST, REQUEST | DUMP, protocol, states, &[0; ID]))?;
        let mut ours = Vec::new();
        while let Answer::Sockets(ids) = self.hear()? {
            ours.extend(ids.into_iter().filter(is_ours).take(MOST - ours.len()));
        }
        Ok(ours)
    }

    fn end(&self, protocol: i32, id: &Id) -> io::Result<()> {
        self.say(&message(DESTROY, REQUEST | ACKNOWLEDGE, protocol, u32::MAX, id))?;
        match self.hear()? {
            Answer::Done => Ok(()),
            Answer::Sockets(_) => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn say(&self, message: &[u8]) -> io::Result<()> {
        send(self.0.as_raw_fd(), message, MsgFlags::empty())?;
        Ok(())
    }

    fn hear(&self) -> io::Result<Answer> {
        let mut buffer = vec![0; BUFFER];
        let length = recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        read(&buffer[..length])
    }
}

/// What the kernel says in one piece.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// There may be more.
    Sockets(Vec<Id>),
    Done,
}

fn message(kind: u16, flags: u16, protocol: i32, states: u32, id: &Id) -> Vec<u8> {
    let length = HEAD + BEFORE_ID + ID;
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    // Number and sender, which the kernel does not need.
    bytes.extend([0; 8]);
    // Family, protocol, no extensions, padding. Both numbers have eight bits.
    bytes.extend([AF_INET6.to_le_bytes()[0], protocol.to_le_bytes()[0], 0, 0]);
    bytes.extend(states.to_ne_bytes());
    bytes.extend(id);
    bytes
}

/// Reads a piece, which may hold many messages.
fn read(mut bytes: &[u8]) -> io::Result<Answer> {
    let cut = || io::Error::from(io::ErrorKind::InvalidData);
    let mut ids = Vec::new();
    while let Some(head) = bytes.first_chunk::<HEAD>() {
        let length = usize::try_from(u32::from_ne_bytes([head[0], head[1], head[2], head[3]])).map_err(|_| cut())?;
        let body = bytes.get(HEAD..length).ok_or_else(cut)?;
        match u16::from_ne_bytes([head[4], head[5]]) {
            DONE => return Ok(Answer::Done),
            ERROR => {
                let code = i32::from_ne_bytes(*body.first_chunk().ok_or_else(cut)?);
                return if code == 0 { Ok(Answer::Done) } else { Err(io::Error::from_raw_os_error(-code)) };
            }
            LIST => ids.push(*body.get(BEFORE_ANSWERED_ID..).and_then(|rest| rest.first_chunk()).ok_or_else(cut)?),
            _ => {}
        }
        // Messages begin at multiples of four.
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(Answer::Sockets(ids))
}

fn is_ours(id: &Id) -> bool {
    let address =
        |at: usize| id.get(at..).and_then(|rest| rest.first_chunk::<16>()).map(|bytes| Ipv6Addr::from(*bytes));
    [address(SOURCE), address(DESTINATION)].into_iter().flatten().any(is_in_tunnel)
}

#[cfg(test)]
mod tests;
