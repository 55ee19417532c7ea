//! What the Linux kernel says of the other end of a Unix socket: the person and all groups, as they were when it
//! connected. Not here: who may speak (`owner`).
#![allow(unsafe_code)] // One getsockopt call that no library of ours wraps: SO_PEERGROUPS.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::libc;
use nix::sys::socket::{getsockopt, sockopt};
use tokio::net::UnixStream;

use crate::owner::Credentials;

/// Linux allows 65,536 groups (`NGROUPS_MAX`); whoever has more than these is not looked at.
const MAX_GROUPS: usize = 4096;

/// The kernel's word on who is at the other end.
///
/// # Errors
/// The kernel does not say who it is. Groups that it does not name are `None`.
pub fn credentials(socket: &UnixStream) -> io::Result<Credentials> {
    let found = getsockopt(socket, sockopt::PeerCredentials)?;
    let fd = std::os::fd::AsFd::as_fd(socket);
    Ok(Credentials { uid: found.uid(), gid: found.gid(), groups: groups(fd).ok() })
}

fn groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups = vec![0 as libc::gid_t; MAX_GROUPS];
    let mut length = libc::socklen_t::try_from(std::mem::size_of_val(groups.as_slice())).map_err(io::Error::other)?;
    // SAFETY: `groups` is writable for `length` bytes, and the kernel writes at most as many and says how many.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    groups.truncate(usize::try_from(length).map_err(io::Error::other)? / size_of::<libc::gid_t>());
    Ok(groups)
}
