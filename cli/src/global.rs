//! Options of every command, and the deployment that they and the environment name.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use client::Deployment;
use client::sessions::{Session, Store, local};
use proto::secret::Secret;
use url::Url;

use crate::failure::failure;

/// How long a person has for the keyring's password.
const FOR_A_PERSON: Duration = Duration::from_secs(60);

/// Options of every command.
#[derive(clap::Args, Clone, Default)]
pub struct Global {
    /// URL of the deployment.
    #[arg(long, global = true, env = "CODER_URL", value_name = "URL", help_heading = "Global options")]
    pub url: Option<String>,
    /// Session token; better given in the environment, where no other user sees it.
    #[arg(
        long,
        global = true,
        env = "CODER_SESSION_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = "Global options"
    )]
    pub token: Option<String>,
    /// Folder of the configuration, with the files `url` and `session`.
    #[arg(long, global = true, env = "CODER_CONFIG_DIR", value_name = "FOLDER", help_heading = "Global options")]
    pub global_config: Option<PathBuf>,
    /// Say more on standard error.
    #[arg(short, long, global = true, env = "CODER_VERBOSE", help_heading = "Global options", value_parser = clap::builder::FalseyValueParser::new())]
    pub verbose: bool,
    /// Use relays only, never a direct path.
    #[arg(long, global = true, env = "CODER_DISABLE_DIRECT_CONNECTIONS", help_heading = "Global options", value_parser = clap::builder::FalseyValueParser::new())]
    pub disable_direct_connections: bool,
    /// Accepted for programs that start `coder`; there is no such warning here.
    #[arg(long, global = true, hide = true)]
    pub no_version_warning: bool,
    /// Accepted for programs that start `coder`; there is no such warning here.
    #[arg(long, global = true, hide = true)]
    pub no_feature_warning: bool,
    /// Accepted for programs that start `coder`; nothing is ever reported.
    #[arg(long, global = true, hide = true)]
    pub disable_network_telemetry: bool,
}

impl Global {
    /// The configuration folder in use.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        match &self.global_config {
            Some(folder) => Ok(folder.clone()),
            None => Ok(default_root()?.join("homeport")),
        }
    }

    /// Where sessions are kept.
    pub fn store(&self) -> anyhow::Result<Store> {
        if self.is_personal() {
            let root = default_root()?;
            let store = Store::personal(root.join("homeport"), Some(root.join("coderv2")));
            // Somebody who types can also type the keyring's password.
            return Ok(if std::io::stdin().is_terminal() { store.patient(FOR_A_PERSON) } else { store });
        }
        Ok(Store::in_folder(self.folder()?))
    }

    /// Whether the folder is the person's own. SSH configurations name it in full.
    fn is_personal(&self) -> bool {
        let own = default_root().map(|root| root.join("homeport"));
        self.global_config.as_deref().is_none_or(|folder| own.is_ok_and(|own| own == folder))
    }

    /// The data folder of this computer's own server; none where a configuration folder was named.
    pub fn server_folder(&self) -> Option<PathBuf> {
        if self.is_personal() { local::data_folder(variable) } else { None }
    }

    /// The session that this computer's own server left for us; none where a folder was named.
    pub fn local_session(&self) -> Option<Session> {
        self.server_folder().as_deref().and_then(local::load)
    }

    /// The deployment and our session there: options and environment, the stored session, this computer's own server.
    pub async fn deployment(&self) -> anyhow::Result<Deployment> {
        let url = self.url.as_deref().filter(|url| !url.is_empty()).map(parse_url).transpose()?;
        let token = self.token.as_deref().filter(|token| !token.is_empty()).map(Secret::new);
        if let (Some(url), Some(token)) = (&url, &token) {
            return Ok(Deployment::new(url.clone(), token.clone())?);
        }
        // A named deployment may be this computer's own although the stored session is at another one.
        let is_meant = |session: &Session| url.as_ref().is_none_or(|url| url.origin() == session.url.origin());
        let local = || self.local_session().filter(is_meant);
        let store = self.store()?;
        let session = match &url {
            None => store.load().await?,
            Some(url) => store.load_at(url).await?,
        };
        let session = session.or_else(local);
        let (url, token) = match (url, token, session) {
            (None, None, Some(session)) => (session.url, session.token),
            (None, Some(token), Some(session)) => (session.url, token),
            // A token belongs to one deployment: it must never be sent to another one.
            (Some(url), None, Some(session)) if url.origin() == session.url.origin() => (session.url, session.token),
            (Some(url), ..) => {
                let url = client::error::origin(&url);
                return Err(failure(format!("there is no session for {url}"), format!("run `homeport login {url}`")));
            }
            (None, _, None) => {
                let others = !self.store()?.known()?.is_empty();
                return Err(failure(
                    "there is no session and no server of this computer",
                    if others {
                        "choose one with `homeport accounts use <url>`"
                    } else {
                        "run `homeport login <url>`, or `homeport server` to host this computer"
                    },
                ));
            }
        };
        Ok(Deployment::new(url, token)?)
    }
}

/// A URL as people type it ([`client::deployment::parse_url`]).
pub fn parse_url(text: &str) -> anyhow::Result<Url> {
    let hint = "write it like https://dev.example.com";
    client::deployment::parse_url(text)
        .ok_or_else(|| failure(format!("`{}` is not the URL of a deployment", text.trim()), hint))
}

fn default_root() -> anyhow::Result<PathBuf> {
    let set = |name| variable(name).filter(|value| Path::new(value).is_absolute()).map(PathBuf::from);
    set("XDG_CONFIG_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".config")))
        .context("there is no home folder: set HOME or --global-config")
}

/// An environment variable that is text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
