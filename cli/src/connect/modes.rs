//! The two ways the tunnel can be on: the service with its network device, or user-space mode in some terminal. Both
//! are found by their sockets.

use std::path::PathBuf;

use client::tunnel::{self, Picture, Tunnel, TunnelError};
use serde::Serialize;

use super::userspace::socket;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A network device, names for every program.
    System,
    /// Local ports, names for SSH through `config-ssh`.
    UserSpace,
}

/// The socket of the tunnel service.
pub fn system_socket() -> PathBuf {
    tunnel::socket(std::env::var_os(tunnel::SOCKET_VARIABLE).as_deref())
}

/// Opens the way that is meant; user-space mode only when its socket is safely ours.
pub async fn open(mode: Mode) -> Result<Tunnel, TunnelError> {
    match mode {
        Mode::System => Tunnel::open(&system_socket()).await,
        Mode::UserSpace => match socket::path() {
            Ok(path) => Tunnel::open(&path).await,
            Err(_) => Err(TunnelError::Absent("no runtime folder".into())),
        },
    }
}

/// What is on now. An absent service is no error; one that cannot be spoken with is told beside what was found.
pub async fn look() -> (Vec<(Mode, Picture)>, Vec<TunnelError>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for mode in [Mode::System, Mode::UserSpace] {
        let picture = match open(mode).await {
            Ok(mut tunnel) => tunnel.watch().await,
            Err(error) => Err(error),
        };
        match picture {
            // A service without a deployment is installed, not on.
            Ok(picture) if mode == Mode::System && picture.deployments.is_empty() => {}
            Ok(picture) => found.push((mode, picture)),
            Err(error) if error.is_absent() => {}
            Err(error) => errors.push(error),
        }
    }
    (found, errors)
}
