//! Tells when the addresses of this machine changed, without looking again and again: the kernel says so on a netlink
//! socket. Not for what that means to the mesh.
#![allow(unsafe_code, reason = "registering a descriptor is a promise to keep it open")]

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Multicast groups of the kernel: links, IPv4 addresses, IPv6 addresses (`RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`,
/// `RTMGRP_IPV6_IFADDR`).
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
/// Changes come in bursts: an interface goes, another comes, gets a link-local address, then a real one.
const SETTLE: Duration = Duration::from_millis(500);

/// Watches this machine's addresses.
#[derive(Debug)]
pub struct Links {
    socket: AsyncFd<OwnedFd>,
    addresses: BTreeSet<(String, IpAddr)>,
}

impl Links {
    /// Begins to watch.
    ///
    /// # Errors
    /// Where the kernel gives no such socket: some sandboxes.
    pub fn watch() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
        // SAFETY: an `OwnedFd` holds its descriptor open, and we never replace it.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?;
        Ok(Self { socket, addresses: addresses() })
    }

    /// Resolves when the addresses are others than before and have stayed so for a moment.
    ///
    /// # Errors
    /// When the socket fails; then there is nothing more to watch.
    pub async fn changed(&mut self) -> io::Result<()> {
        loop {
            self.drain().await?;
            tokio::time::sleep(SETTLE).await;
            // Routers renew the lifetimes of addresses every few minutes; that is news for the kernel only.
            let addresses = addresses();
            if std::mem::replace(&mut self.addresses, addresses) != self.addresses {
                return Ok(());
            }
        }
    }

    /// Waits for news and throws them away: they only say that it is worth looking.
    async fn drain(&self) -> io::Result<()> {
        let mut ready = self.socket.readable().await?;
        let mut buffer = [0; 4096];
        loop {
            match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                Err(Errno::EAGAIN) => {
                    ready.clear_ready();
                    return Ok(());
                }
                // The kernel dropped news because we were slow; there was some.
                Ok(_) | Err(Errno::EINTR | Errno::ENOBUFS) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn addresses() -> BTreeSet<(String, IpAddr)> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    all.into_iter()
        .filter(|address| !address.is_loopback())
        .map(|address| (address.name.clone(), address.ip()))
        .collect()
}
