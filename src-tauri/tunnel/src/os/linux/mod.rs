//! Linux: TUN, rtnetlink, systemd-resolved and its relatives, logind. All of it needs `CAP_NET_ADMIN` and nothing
//! more, except the files of name services that are not systemd-resolved.
//!
//! ```text
//!   Machine ── device (TUN, offload, merge) ── pump's threads
//!      ├────── netlink (look, make, unmake)
//!      └────── watch (netlink groups, D-Bus signals) ──► happened
//!   seats (logind: who sits here) · acl (who may reach the socket) · streams (programs' connections, ended)
//!   Names ──── resolved · network_manager · openresolv · resolv_conf
//! ```

mod acl;
mod bus;
mod device;
mod merge;
mod names;
mod netlink;
mod offload;
mod seats;
mod streams;
mod watch;

pub use acl::admit;
pub use device::{Stopper, TunReader, TunWriter};
pub use names::Names;
pub use seats::follow as follow_seats;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::{Clocks, Happened, Look, NetworkError, Tun};
use crate::network::Settings;
use crate::plan::Step;

use netlink::Netlink;
use watch::Signals;

/// The kernel's network, as far as it is ours.
#[derive(Debug)]
pub struct Machine {
    name: String,
    netlink: Netlink,
    /// Index of our device, while we hold it.
    device: Option<u32>,
    /// A device that nobody took yet.
    fresh: Option<Tun>,
    signals: Arc<Signals>,
    _watchers: Vec<watch::Task>,
}

impl Machine {
    /// Connects to the kernel and starts watching.
    ///
    /// # Errors
    /// No netlink.
    pub fn open(settings: &Settings) -> Result<Self, NetworkError> {
        let refused = |source| NetworkError::Refused { doing: "open a netlink socket", source };
        let signals = Arc::new(Signals::default());
        let watchers = vec![
            watch::network(settings.device.clone(), Arc::clone(&signals)).map_err(refused)?,
            watch::signals_of_bus(settings.bus.clone(), Arc::clone(&signals)),
        ];
        let netlink = Netlink::open().map_err(refused)?;
        let name = settings.device.clone();
        Ok(Self { name, netlink, device: None, fresh: None, signals, _watchers: watchers })
    }

    /// What is ours, what carries us, who else claims our prefix.
    ///
    /// # Errors
    /// The kernel does not answer.
    pub async fn look(&self) -> Result<Look, NetworkError> {
        let look = self.netlink.look(&self.name, self.device).await;
        look.map_err(|source| NetworkError::Refused { doing: "list its links, addresses, routes and rules", source })
    }

    /// Does a step. What is there already is no error.
    ///
    /// # Errors
    /// The kernel refuses.
    pub async fn make(&mut self, step: Step) -> Result<(), NetworkError> {
        let doing = doing(step);
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::PermissionDenied => NetworkError::TunDenied(source),
            _ => NetworkError::Refused { doing, source },
        };
        match step {
            Step::Device => return self.make_device().await,
            Step::Ipv6 => return allow_ipv6(&self.name),
            _ => {}
        }
        tolerate(self.netlink.make(step, self.device).await, &[nix::libc::EEXIST]).map_err(refused)
    }

    /// Takes a step back. What is gone already is no error.
    ///
    /// # Errors
    /// The kernel refuses.
    pub async fn unmake(&mut self, step: Step) -> Result<(), NetworkError> {
        const GONE: &[i32] = &[nix::libc::ENOENT, nix::libc::ESRCH, nix::libc::ENODEV, nix::libc::EADDRNOTAVAIL];
        let doing = doing(step);
        let result = match (step, self.device) {
            (Step::Device, Some(index)) => {
                self.fresh = None;
                self.device = None;
                // Reader and writer may live on in their threads for a moment; the device must not.
                self.netlink.delete_link(index).await
            }
            (Step::Address(_), Some(index)) => self.netlink.unmake(step, Some(index)).await,
            (step, device) if !step.goes_with_device() => self.netlink.unmake(step, device).await,
            _ => Ok(()),
        };
        tolerate(result, GONE).map_err(|source| NetworkError::Refused { doing, source })
    }

    /// Ends the connections of this machine's programs from and to our prefix. Where the kernel cannot, they go on.
    pub async fn end_streams(&self) {
        match tokio::task::spawn_blocking(streams::end_all).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(ended)) => tracing::info!(ended, "connections through the tunnel were ended"),
            Ok(Err(error)) => tracing::debug!(%error, "the kernel does not end connections"),
        }
    }

    /// The device, once after each time it was made.
    pub fn take_device(&mut self) -> Option<Tun> {
        self.fresh.take()
    }

    /// Waits for something that may concern us. Cancel safe.
    pub async fn happened(&self) -> Happened {
        self.signals.next().await
    }

    /// Both clocks, now.
    pub fn clocks() -> Clocks {
        let read = |clock| clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
        // In this order a pause between the two readings looks like no sleep.
        let boot = read(ClockId::CLOCK_BOOTTIME);
        Clocks { boot, awake: read(ClockId::CLOCK_MONOTONIC) }
    }

    async fn make_device(&mut self) -> Result<(), NetworkError> {
        let refused = |source| NetworkError::Refused { doing: "look for our device", source };
        if self.netlink.link(&self.name).await.map_err(refused)?.is_some() {
            return Err(NetworkError::DeviceTaken(self.name.clone()));
        }
        let tun = device::open(&self.name)?;
        self.device = self.netlink.link(&self.name).await.map_err(refused)?;
        self.fresh = Some(tun);
        Ok(())
    }
}

/// Turns an expected refusal into success.
fn tolerate(result: io::Result<()>, expected: &[i32]) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error().is_some_and(|code| expected.contains(&code)) => Ok(()),
        result => result,
    }
}

/// IPv6 on our device, whatever the machine does with new ones. Only where it is off: under the unit the switch cannot
/// be written.
fn allow_ipv6(name: &str) -> Result<(), NetworkError> {
    if netlink::is_ipv6_on(name) {
        return Ok(());
    }
    let path = format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6");
    std::fs::write(&path, "0").map_err(|error| NetworkError::Ipv6Off(format!("{path}: {error}")))
}

fn doing(step: Step) -> &'static str {
    match step {
        Step::Fallback => "make the dead end for our prefix",
        Step::TowardsRule | Step::SourceRule | Step::ChoiceRule => "set our routing rules",
        Step::Forbid(_) => "keep our address from being used elsewhere",
        Step::Device => "make the network device",
        Step::Ipv6 => "allow IPv6 on our device",
        Step::Up => "switch our device on",
        Step::Address(_) => "set our address",
        Step::Route => "route our prefix into the device",
        Step::NetworkManager | Step::Openresolv | Step::ResolvConf => "tell the resolver",
    }
}
