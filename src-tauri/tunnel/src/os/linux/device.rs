//! The TUN device: opened, read in super-packets, written in super-packets. Not here: its address and routes (`netlink`).

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;
use tun_rs::{DeviceBuilder, InterruptEvent, SyncDevice};

use super::merge::Merger;
use super::offload::Splitter;
use crate::os::{NetworkError, Tun};

/// The kernel's door.
const DOOR: &str = "/dev/net/tun";

/// Makes the device. It vanishes when reader and writer are dropped, or with the process.
///
/// # Errors
/// [`NetworkError`] that says which of the usual reasons it is.
pub fn open(name: &str) -> Result<Tun, NetworkError> {
    // Opened here first: afterwards the same error means something else.
    File::options().read(true).write(true).open(DOOR).map_err(closed)?;
    let build = |offload: bool| {
        let builder = DeviceBuilder::new().name(name).inherit_enable_state();
        builder
            .with(|options| {
                options.offload(offload);
            })
            .build_sync()
    };
    let device = match build(true) {
        // A kernel without segmentation offload still has plain packets.
        Err(error) if error.raw_os_error() == Some(nix::libc::EINVAL) => build(false),
        device => device,
    };
    let device = device.map_err(|error| why(name, error))?;
    let refused = |source| NetworkError::Refused { doing: "read the network device", source };
    device.set_nonblocking(true).map_err(refused)?;
    let stop = Arc::new(Stop { asked: AtomicBool::new(false), event: InterruptEvent::new().map_err(refused)? });
    let device = Arc::new(device);
    let reader = TunReader { device: Arc::clone(&device), stop, splitter: Splitter::new(device.tcp_gso()) };
    let writer = TunWriter { device, merger: Merger::default() };
    Ok(Tun { name: name.to_owned(), reader, writer })
}

/// Why the door does not open.
fn closed(error: io::Error) -> NetworkError {
    match error.raw_os_error() {
        Some(nix::libc::ENOENT | nix::libc::ENOTDIR | nix::libc::ENODEV | nix::libc::ENXIO) => NetworkError::TunMissing,
        // The file's mode or owner; a container that was not given the device.
        Some(nix::libc::EACCES | nix::libc::EPERM) => NetworkError::TunClosed(error),
        _ => NetworkError::Refused { doing: "open /dev/net/tun", source: error },
    }
}

/// Why the open door makes no device.
fn why(name: &str, error: io::Error) -> NetworkError {
    match error.raw_os_error() {
        Some(nix::libc::ENOENT | nix::libc::ENODEV | nix::libc::ENXIO) => NetworkError::TunMissing,
        // No CAP_NET_ADMIN.
        Some(nix::libc::EPERM | nix::libc::EACCES) => NetworkError::TunDenied(error),
        Some(nix::libc::EBUSY | nix::libc::EINVAL | nix::libc::EEXIST) => NetworkError::DeviceTaken(name.to_owned()),
        _ => NetworkError::Refused { doing: "make the network device", source: error },
    }
}

struct Stop {
    asked: AtomicBool,
    event: InterruptEvent,
}

/// Makes a blocked read return, from another thread.
#[derive(Clone)]
pub struct Stopper(Arc<Stop>);

impl Stopper {
    /// The read under way, and every later one, ends with [`io::ErrorKind::Interrupted`].
    pub fn stop(&self) {
        self.0.asked.store(true, Ordering::Release);
        // A pipe that is full has woken the reader already.
        let _ = self.0.event.trigger();
    }
}

/// What programs send into the tunnel.
pub struct TunReader {
    device: Arc<SyncDevice>,
    stop: Arc<Stop>,
    splitter: Splitter,
}

impl TunReader {
    /// Waits for packets and calls `each` for every one of what was read: at most [`crate::plan::MTU`] bytes, with
    /// right checksums. A super-packet that makes no sense is passed over.
    ///
    /// # Errors
    /// `Interrupted` after [`Stopper::stop`]; anything else: the device is gone.
    pub fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        loop {
            if self.stop.asked.load(Ordering::Acquire) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            match self.device.recv(self.splitter.buffer()) {
                Ok(length) => {
                    if let Err(error) = self.splitter.split(length, each) {
                        tracing::debug!(%error, "a packet from the device is passed over");
                    }
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.device.wait_readable_intr(&self.stop.event) {
                        // A signal of the process, not ours: the loop asks again.
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        result => result?,
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// What ends a blocked read.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }
}

/// What programs get from the tunnel.
pub struct TunWriter {
    device: Arc<SyncDevice>,
    merger: Merger,
}

impl Clone for TunWriter {
    fn clone(&self) -> Self {
        Self { device: Arc::clone(&self.device), merger: Merger::default() }
    }
}

impl TunWriter {
    /// Hands packets to the kernel, neighbours of one TCP flow as one super-packet. Drains; what the kernel does not
    /// take is dropped. Never blocks.
    pub fn write(&mut self, packets: &mut Vec<BytesMut>) {
        let refused = |error: io::Error| tracing::debug!(%error, "the device does not take a packet");
        if self.device.tcp_gso() {
            let device = &self.device;
            self.merger.merge(packets, |pieces| {
                device.send_vectored(pieces).map_err(refused).ok();
            });
        } else {
            for packet in packets.iter() {
                self.device.send(packet).map_err(refused).ok();
            }
        }
        packets.clear();
    }
}

impl fmt::Debug for TunReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TunReader").finish_non_exhaustive()
    }
}

impl fmt::Debug for TunWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TunWriter").finish_non_exhaustive()
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
