//! The operating system behind the network: sibling files with the same functions, chosen once here. Not here: what is
//! to be done (`plan`), when (`network`).

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
mod unsupported;
#[cfg(not(target_os = "linux"))]
use unsupported as platform;

mod outlook;
#[cfg(target_os = "linux")]
pub mod peer;

pub use outlook::{Foreign, Outlook};
pub use platform::{Machine, Names, Stopper, TunReader, TunWriter, admit, follow_seats};

use std::io;
use std::time::Duration;

use proto::ipc::{Health, HealthCode};

use crate::plan::Seen;

/// The device. Reader and writer are used from different threads.
#[derive(Debug)]
pub struct Tun {
    /// Its name.
    pub name: String,
    /// What programs send into the tunnel.
    pub reader: TunReader,
    /// What they get from it.
    pub writer: TunWriter,
}

/// The machine at one moment.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// What is ours.
    pub seen: Seen,
    /// What carries our own packets.
    pub outlook: Outlook,
    /// Who else claims our prefix.
    pub foreign: Vec<Foreign>,
}

/// What made us look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// Links, addresses, routes or rules changed, or may have.
    pub network: bool,
    /// A link was without carrier for a moment: paths are doubtful even if all looks as before.
    pub flap: bool,
    /// The system's resolver started anew.
    pub resolver: bool,
    /// The machine woke up.
    pub woke: bool,
}

/// Two readings of the same moment.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// Time since boot with sleeps.
    pub boot: Duration,
    /// Time since boot without them.
    pub awake: Duration,
}

impl Clocks {
    /// How long the machine slept since boot.
    #[must_use]
    pub fn asleep(&self) -> Duration {
        self.boot.saturating_sub(self.awake)
    }
}

/// Why the network cannot be brought up.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No `/dev/net/tun`.
    #[error("this system has no TUN device; load the kernel module with `modprobe tun`")]
    TunMissing,
    /// The file is there and may not be opened: its mode or owner, or the container's list of devices.
    #[error("this program may not open /dev/net/tun; its user needs to read and write that file (mode 0666 is usual)")]
    TunClosed(#[source] io::Error),
    /// The kernel refuses.
    #[error("the kernel does not let this program make a network device; it needs CAP_NET_ADMIN")]
    TunDenied(#[source] io::Error),
    /// The name belongs to somebody.
    #[error("there is already a network device called {0}; remove it with `ip link delete {0}`, then connect again")]
    DeviceTaken(String),
    /// No IPv6.
    #[error("IPv6 is switched off on this machine ({0}); allow it at least for our device")]
    Ipv6Off(String),
    /// The state folder or the journal in it cannot be used safely.
    #[error("the state folder {folder} cannot be used; give the service a folder of its own")]
    State {
        /// Which.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// The kernel refuses a setting.
    #[error("the kernel refused to {doing}; see the service's log")]
    Refused {
        /// What we were doing.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Not Linux.
    #[error("the tunnel is not supported on this system; use `homeport connect start --userspace`")]
    Unsupported,
}

impl NetworkError {
    /// As people are shown it.
    #[must_use]
    pub fn health(&self) -> Health {
        let with_source = |doing: &str, source: &io::Error| format!("{doing}: {source}");
        match self {
            Self::TunMissing => Health::new(HealthCode::TunMissing, "/dev/net/tun"),
            Self::TunClosed(source) => Health::new(HealthCode::TunClosed, source.to_string()),
            Self::TunDenied(source) => Health::new(HealthCode::TunDenied, source.to_string()),
            Self::DeviceTaken(name) => Health::new(HealthCode::DeviceTaken, name),
            Self::Ipv6Off(detail) => Health::new(HealthCode::Ipv6Off, detail),
            Self::State { folder, source } => Health::new(HealthCode::MachineRefused, with_source(folder, source)),
            Self::Refused { doing, source } => Health::new(HealthCode::MachineRefused, with_source(doing, source)),
            Self::Unsupported => Health::new(HealthCode::Unsupported, std::env::consts::OS),
        }
    }
}
