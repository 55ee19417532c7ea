//! Why the tunnel cannot be spoken with, and what a person can do about it.

use std::io;
use std::path::Path;

use proto::ipc::version::VersionError;
use proto::ipc::{Fault, FaultCode, FrameError};

/// Why the tunnel cannot be spoken with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// No service listens there.
    #[error("the tunnel service does not run ({0})")]
    Absent(String),
    /// The kernel or the service does not let this user speak to it.
    #[error("this user may not speak to the tunnel service ({0})")]
    Denied(String),
    /// The socket cannot be used for another reason.
    #[error("cannot connect to the tunnel service at {path}")]
    Connect {
        /// The socket.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The two programs are of different ages.
    #[error("the tunnel service and this program do not fit together: {0}")]
    Version(#[from] VersionError),
    /// The service does not keep to the protocol.
    #[error("the tunnel service sent {0}")]
    Frame(#[from] FrameError),
    /// No answer in time.
    #[error("the tunnel service does not answer")]
    Silent,
    /// The connection ended.
    #[error("the tunnel service ended the connection")]
    Lost(#[source] Option<io::Error>),
    /// The request was understood and refused. The connection goes on.
    #[error("{0}")]
    Refused(Box<Fault>),
}

impl TunnelError {
    pub(super) fn of_connect(path: &Path, source: io::Error) -> Self {
        let shown = path.display().to_string();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::Absent(shown),
            io::ErrorKind::PermissionDenied => Self::Denied(shown),
            _ => Self::Connect { path: shown, source },
        }
    }

    /// Whether there is simply no service, so that another way may be taken without asking.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent(_))
    }

    /// What the person can do about it; `None` when the text says it already.
    #[must_use]
    pub fn next_step(&self) -> Option<String> {
        let step = match self {
            Self::Absent(_) => {
                "start it (`systemctl start homeport-tunnel`), or use `homeport connect start --userspace`"
            }
            Self::Denied(_) => {
                "only the user at the screen and members of its group may: `sudo usermod -aG homeport $USER` and log in again, or use `homeport connect start --userspace`"
            }
            Self::Version(VersionError::Older(_)) => {
                "update the service and restart it (`systemctl restart homeport-tunnel`)"
            }
            Self::Version(VersionError::Newer(_)) => "update this program",
            Self::Version(VersionError::Foreign) | Self::Frame(_) => {
                "check that HOMEPORT_TUNNEL_SOCKET names the service's socket"
            }
            Self::Silent | Self::Lost(_) => "look at its log with `journalctl -u homeport-tunnel`, then try again",
            Self::Connect { .. } => "run `homeport diagnose`",
            Self::Refused(fault) => match (&fault.health, fault.code) {
                (Some(health), _) => health.code.next_step(),
                (None, FaultCode::NotOwner) => "let that user run `homeport connect stop`",
                _ => return None,
            },
        };
        Some(step.to_owned())
    }
}
