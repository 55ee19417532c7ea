//! Health codes: what can be wrong with the tunnel, in words, with the next step.
//!
//! A code is shown alone when it is the root cause: [`HealthCode::hides`] names what it explains away.

use serde::{Deserialize, Serialize};

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Which.
    pub code: HealthCode,
    /// What exactly: an interface, a route, a name. Never a token. At most [`MAX_DETAIL`] bytes.
    pub detail: String,
}

/// Longest detail.
pub const MAX_DETAIL: usize = 512;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $title:literal, $next:literal;)*) => {
        /// Which condition.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum HealthCode {
            $($(#[$doc])* $name,)*
            /// Anything a newer service may say.
            #[serde(other)]
            Unknown,
        }

        impl HealthCode {
            /// All that this version knows.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// One sentence for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* Self::Unknown => "Something is wrong that this version does not know." }
            }

            /// What to do about it.
            #[must_use]
            pub fn next_step(self) -> &'static str {
                match self { $(Self::$name => $next,)* Self::Unknown => "Update this program." }
            }
        }
    };
}

codes! {
    /// `/dev/net/tun` does not exist.
    TunMissing: "This system has no TUN device.", "Load the kernel module with `modprobe tun`, or use `homeport connect start --userspace`.";
    /// The file `/dev/net/tun` is there and may not be opened.
    TunClosed: "The service may not open /dev/net/tun.", "Let its user read and write that file (mode 0666 is usual, a container must be given the device), or use `homeport connect start --userspace`.";
    /// The kernel refuses the device.
    TunDenied: "The service may not create a network device.", "Start it with CAP_NET_ADMIN (its systemd unit does), or use `homeport connect start --userspace`.";
    /// The device's name belongs to something else.
    DeviceTaken: "The network device name is taken by another program.", "Remove that device with `ip link delete`, then connect again.";
    /// The device was removed by somebody; it is being made again.
    DeviceVanished: "The network device was removed by another program.", "Nothing: it is made again. If it happens repeatedly, find out who removes it.";
    /// The kernel or the disk refuses a step.
    MachineRefused: "The system refused a step of setting up the network.", "The detail says which; the service's log has more (`journalctl -u homeport-tunnel`).";
    /// Not Linux.
    Unsupported: "The tunnel is not supported on this system.", "Use `homeport connect start --userspace`.";
    /// IPv6 is off on this machine.
    Ipv6Off: "IPv6 is switched off on this machine.", "Allow it at least for our device: `sysctl net.ipv6.conf.homeport0.disable_ipv6=0`.";
    /// A foreign route covers our prefix.
    ForeignRoute: "Another network claims our addresses.", "Disconnect the other VPN named here, or ask its administrator to leave out fd60:627a:a42b::/48.";
    /// The machine has no network.
    NoNetwork: "This machine has no network.", "Connect to a network; the tunnel follows by itself.";
    /// The deployment does not answer.
    DeploymentUnreachable: "The deployment does not answer.", "Check its address and your network; we keep trying.";
    /// The deployment refuses the token.
    TokenRefused: "The deployment does not accept the session any more.", "Sign in again with `homeport login`.";
    /// The deployment does not speak what we need.
    DeploymentTooOld: "The deployment is too old for the tunnel.", "Ask its administrator to update it; `homeport ssh` still works.";
    /// The deployment's host resolves into our own prefix.
    OwnPrefix: "The deployment's address leads into the tunnel itself.", "Use an address of the deployment that does not need the tunnel.";
    /// The deployment's suffix cannot be used.
    SuffixRefused: "The deployment's host name suffix cannot be used.", "Ask its administrator for another CODER_WORKSPACE_HOSTNAME_SUFFIX.";
    /// Two deployments have the same name.
    NameClash: "Two deployments have a workspace of the same name.", "Use the long name (`<daemon>.<workspace>.<owner>.<suffix>`), or rename one.";
    /// The operating system's resolver cannot be told of our names.
    NoNameService: "The system's resolver could not be told of our names.", "Run `homeport diagnose`; with `systemd-resolved` running it works by itself.";
    /// Somebody keeps overwriting the resolver's settings.
    ResolverFight: "Another program keeps overwriting the resolver's settings.", "Decide which of the two may set them; we stopped after three attempts.";
    /// No relay can be reached.
    NoRelay: "No relay can be reached.", "Direct connections still work; check a proxy or firewall in the way with `homeport netcheck`.";
}

impl HealthCode {
    /// Whether this code explains `other`, which is then not shown.
    #[must_use]
    pub fn hides(self, other: Self) -> bool {
        use HealthCode as C;
        let consequences: &[Self] = match self {
            C::TunMissing | C::TunClosed | C::TunDenied | C::DeviceTaken | C::Ipv6Off | C::MachineRefused => {
                &[C::NoNameService, C::DeviceVanished]
            }
            C::NoNetwork => &[C::DeploymentUnreachable, C::NoRelay],
            C::ForeignRoute | C::DeviceVanished => &[C::NoNameService],
            C::DeploymentUnreachable => &[C::NoRelay],
            C::TokenRefused | C::DeploymentTooOld | C::OwnPrefix => &[C::DeploymentUnreachable, C::NoRelay],
            _ => &[],
        };
        consequences.contains(&other)
    }

    /// The root causes among these.
    #[must_use]
    pub fn roots(all: &[Health]) -> Vec<Health> {
        let hidden = |health: &&Health| all.iter().any(|other| other.code.hides(health.code));
        all.iter().filter(|health| !hidden(health)).cloned().collect()
    }
}

impl Health {
    /// A condition; a long detail is cut at a character.
    #[must_use]
    pub fn new(code: HealthCode, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        detail.truncate(detail.floor_char_boundary(MAX_DETAIL));
        Self { code, detail }
    }
}
