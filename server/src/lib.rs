//! The control plane on one machine: REST, builds, accounts, store, and (in [`net`]) coordinator, relay and STUN.
//!
//! Not here: privilege, the tray, anything that runs as root. [`run`] is the whole server; `main.rs` is its command line.

pub mod access;
pub mod builds;
pub mod codes;
pub mod config;
pub mod first;
pub mod folder;
pub mod http;
pub mod init_script;
pub mod lifetime;
pub mod net;
pub mod os;
pub mod password;
mod serve;
pub mod state;
pub mod store;
pub mod token;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Config;
use crate::folder::Folder;
use crate::state::{AppState, Shared};
use crate::store::{OpenError, Store, StoreError};

/// What this server calls itself: a Coder-compatible version first, because clients parse it, then its own name.
pub const VERSION: &str = concat!("v2.28.0+homeport.", env!("CARGO_PKG_VERSION"));

/// Why a server did not start or did not go on. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Folder(#[from] folder::FolderError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the data folder cannot be written: {0}")]
    Mark(#[source] std::io::Error),
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    #[error("{0} cannot be listened on: {1}. Stop what uses it, or name another address with --listen")]
    Listen(SocketAddr, #[source] std::io::Error),
    #[error("the access URL of this server is wrong: {0}")]
    AccessUrl(String),
    #[error("signals of the operating system cannot be received")]
    Signals(#[source] std::io::Error),
}

/// A server that listens.
pub struct Running {
    pub state: AppState,
    pub address: SocketAddr,
    serving: tokio::task::JoinHandle<()>,
    _folder: Folder,
}

/// Runs a server until SIGTERM or SIGINT.
///
/// # Errors
/// [`RunError`].
pub async fn run(config: Config) -> Result<(), RunError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(RunError::Signals)?;
    let wanted = config.listen;
    let running = start(config).await?;
    if wanted.port() != 0 && running.address.port() != wanted.port() {
        eprintln!("Port {} is taken; using {} instead.", wanted.port(), running.address.port());
    }
    eprintln!("homeport-server listens on {} (access URL {})", running.address, running.state.access_url);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    if running.state.config.stop_workspaces_on_exit {
        // While the server still answers, so that each daemon can say goodbye.
        running.state.builds.supervisor.end_all(&running.state).await?;
    }
    running.stop().await;
    Ok(())
}

/// Starts a server; returns when it listens.
///
/// # Errors
/// [`RunError`].
pub async fn start(mut config: Config) -> Result<Running, RunError> {
    let folder = Folder::take(&config.data_dir, config.make_data_dir)?;
    folder.path().clone_into(&mut config.data_dir);
    let store = Store::open(&config.data_dir.join("homeport.db"))?;
    let deployment_id = first::seed(&store, &config).await?;
    store::backup::mark(&config.data_dir.join("homeport.db"), deployment_id).map_err(RunError::Mark)?;
    let listener = serve::bind(config.listen, config.next_free_port)
        .await
        .map_err(|error| RunError::Listen(config.listen, error))?;
    let address = listener.local_addr().map_err(|error| RunError::Listen(config.listen, error))?;
    let daemon_url = own_url(address)?;
    let mut access_url = config.access_url.clone().unwrap_or_else(|| daemon_url.clone());
    if !access_url.path().ends_with('/') {
        access_url.set_path(&format!("{}/", access_url.path()));
    }
    first::write_local_session(&store, &config.data_dir, daemon_url.as_str().trim_end_matches('/')).await?;
    let shared = Shared {
        config,
        store,
        events: state::Events::default(),
        access_url,
        daemon_url,
        deployment_id,
        stop: CancellationToken::new(),
        net: net::Net::new(),
        builds: builds::Builds::default(),
        logins: http::limit::Limits::default(),
        codes: codes::Codes::default(),
        hashed: http::downloads::Hashed::default(),
    };
    let state = AppState::new(shared);
    net::start(&state).await;
    let serving = tokio::spawn(serve::serve(listener, http::router(&state), state.stop.clone()));
    builds::run::start(&state).await?;
    builds::clockwork::start(&state);
    tokio::spawn(store::backup::keep(state.config.data_dir.join("homeport.db"), state.stop.clone()));
    Ok(Running { state, address, serving, _folder: folder })
}

impl Running {
    /// Stops listening, ends connections, leaves the workspace daemons running.
    pub async fn stop(self) {
        self.state.stop.cancel();
        let _ = self.serving.await;
    }
}

/// The URL of the listener as seen from this computer.
fn own_url(address: SocketAddr) -> Result<Url, RunError> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let text = format!("http://{}/", SocketAddr::new(ip, address.port()));
    Url::parse(&text).map_err(|error| RunError::AccessUrl(error.to_string()))
}
