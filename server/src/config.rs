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
    /// Whether a graceful stop of the server also ends the workspace daemons; the next start starts them again.
    pub stop_workspaces_on_exit: bool,
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
            stop_workspaces_on_exit: false,
            daemon_binary: None,
            hostname_suffix: "coder".into(),
            hostname_prefix: "coder.".into(),
        }
    }
}

/// The command line and the environment.
#[derive(Debug, clap::Parser)]
#[command(name = "homeport-server", version, about = "The control plane of Homeport: accounts, workspaces, mesh.")]
pub struct Options {
    /// Folder for the database and the workspaces of this computer [default: homeport/server in the user's data folder]
    #[arg(long, env = "HOMEPORT_DATA_DIR", value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:7080, or the next free port]
    #[arg(long, env = "CODER_HTTP_ADDRESS", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// URL by which clients and workspace daemons reach this server [default: the address it listens on]
    #[arg(long, env = "CODER_ACCESS_URL", value_name = "URL")]
    access_url: Option<Url>,
    /// Address of the STUN service, or `off`
    #[arg(long, env = "HOMEPORT_STUN_ADDRESS", value_name = "ADDRESS:PORT|off", default_value = "0.0.0.0:3478")]
    stun: String,
    /// Make no account for the person at this computer; the first one is made over REST
    #[arg(long)]
    no_local_user: bool,
    /// Name of a workspace of this computer, made at the first start
    #[arg(long, value_name = "NAME")]
    first_workspace: Option<String>,
    /// End the workspace daemons when the server is stopped; the next start starts them again
    #[arg(long)]
    stop_workspaces_on_exit: bool,
    /// The `homeport` program to run as workspace daemon [default: beside this program]
    #[arg(long, env = "HOMEPORT_DAEMON_BINARY", value_name = "FILE")]
    daemon_binary: Option<PathBuf>,
    /// Suffix of workspace names in the mesh
    #[arg(long, env = "CODER_WORKSPACE_HOSTNAME_SUFFIX", default_value = "coder")]
    hostname_suffix: String,
    /// Prefix of host names in SSH settings
    #[arg(long, env = "CODER_SSH_HOSTNAME_PREFIX", default_value = "coder.")]
    hostname_prefix: String,
}

/// A setting that cannot be used. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("no data folder: set --data-dir, or HOME")]
    NoHome,
    #[error("--stun must be an address with a port, or off")]
    Stun,
    #[error("--access-url must begin with http:// or https:// and name a host")]
    AccessUrl,
    #[error("--first-workspace must be letters, digits and single dashes, at most 32 of them")]
    FirstWorkspace,
}

impl Options {
    /// The settings, with defaults filled in.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn into_config(self) -> Result<Config, ConfigError> {
        let make_data_dir = self.data_dir.is_none();
        let data_dir = self.data_dir.or_else(default_folder).ok_or(ConfigError::NoHome)?;
        let stun = match self.stun.as_str() {
            "off" => None,
            address => Some(address.parse().map_err(|_| ConfigError::Stun)?),
        };
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
        if !self.access_url.as_ref().is_none_or(is_web) {
            return Err(ConfigError::AccessUrl);
        }
        if !self.first_workspace.as_deref().is_none_or(crate::http::name::is_good) {
            return Err(ConfigError::FirstWorkspace);
        }
        Ok(Config {
            data_dir,
            make_data_dir,
            next_free_port: self.listen.is_none(),
            listen: self.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT))),
            access_url: self.access_url,
            stun,
            local_user: !self.no_local_user,
            first_workspace: self.first_workspace,
            stop_workspaces_on_exit: self.stop_workspaces_on_exit,
            daemon_binary: self.daemon_binary,
            hostname_suffix: self.hostname_suffix,
            hostname_prefix: self.hostname_prefix,
        })
    }
}

/// Port of the listener unless it is told another or this one is taken.
pub const DEFAULT_PORT: u16 = 7080;

fn default_folder() -> Option<PathBuf> {
    let by_name = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = by_name("XDG_DATA_HOME").or_else(|| Some(by_name("HOME")?.join(".local/share")))?;
    Some(data.join("homeport/server"))
}
