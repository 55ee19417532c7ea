//! Settings of a server, and where each comes from. No IO beyond reading the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

/// Everything a server can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the database, of workspaces' files, and of the local session.
    pub data_dir: PathBuf,
    /// Whether a folder that is not there is made (only for the default place).
    pub make_data_dir: bool,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether the next free port is taken when the one in `listen` is not free.
    pub next_free_port: bool,
    /// How clients and daemons reach the server; none means the listener's own address.
    pub access_url: Option<Url>,
    /// Where STUN listens; none means off.
    pub stun: Option<SocketAddr>,
    /// Whether an account for the person at this computer is made at the first start.
    pub local_user: bool,
    /// Name of a workspace of *this computer* to make at the first start.
    pub first_workspace: Option<String>,
    /// The `homeport` binary; none means beside this program.
    pub daemon_binary: Option<PathBuf>,
    /// Suffix of names in the mesh.
    pub hostname_suffix: String,
    /// What `homeport config-ssh` writes before host names.
    pub hostname_prefix: String,
}

impl Config {
    /// A server of its own for a test: any free port, an empty folder, no STUN.
    #[must_use]
    pub fn for_tests(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            make_data_dir: false,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            next_free_port: false,
            access_url: None,
            stun: None,
            local_user: false,
            first_workspace: None,
            daemon_binary: None,
            hostname_suffix: "coder".into(),
            hostname_prefix: "coder.".into(),
        }
    }
}
