//! Whether this computer's network changed or it slept, seen without privilege: which addresses it would send from, and
//! whether the wall clock ran while the other clock stood.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

/// Between two looks.
pub const PERIOD: Duration = Duration::from_secs(3);
/// The wall clock may be set by this much without being taken for a sleep.
const TOLERANCE: Duration = Duration::from_secs(5);
/// Documentation addresses: nothing is sent to them, the kernel only says which way it would go.
const FAR_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const FAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// What was seen last.
pub struct Surroundings {
    sources: [Option<IpAddr>; 2],
    clocks: (Instant, SystemTime),
}

impl Surroundings {
    /// As they are now.
    pub fn now() -> Self {
        let sources =
            [source(FAR_V4.into(), Ipv4Addr::UNSPECIFIED.into()), source(FAR_V6.into(), Ipv6Addr::UNSPECIFIED.into())];
        Self { sources, clocks: (Instant::now(), SystemTime::now()) }
    }

    /// Looks again; whether paths are to be distrusted.
    pub fn have_changed(&mut self) -> bool {
        let before = std::mem::replace(self, Self::now());
        self.differs(&before)
    }

    fn differs(&self, before: &Self) -> bool {
        let awake = self.clocks.0.saturating_duration_since(before.clocks.0);
        let passed = self.clocks.1.duration_since(before.clocks.1).unwrap_or_default();
        self.sources != before.sources || passed > awake + TOLERANCE
    }
}

fn source(far: IpAddr, any: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((far, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests;
