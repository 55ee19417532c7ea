//! How the workspace daemon is told what to do: flags and the environment names of the wire (spec `agent-rpc.md` 8).
//! Reads them into a [`Config`] that makes sense, or says what does not. Not for the manifest, which the server sends.

mod span;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::BoolishValueParser;
use proto::agent::Subsystem;
use proto::secret::Secret;
use url::Url;

use crate::os::hidden_token;
use crate::session::Policy;

/// Environment variable of the token.
pub const TOKEN_VARIABLE: &str = "CODER_AGENT_TOKEN";
/// Flag (without its dashes) of the descriptor that holds the token.
pub const TOKEN_FD: &str = "agent-token-fd";
/// Largest token file that is read: a token is 36 characters.
const MAX_TOKEN_FILE: u64 = 4096;

/// Arguments of `homeport daemon`. Names and meanings are those that templates and images of the field use.
#[derive(clap::Args, Clone)]
pub struct Args {
    /// Address of the deployment.
    #[arg(long, env = "CODER_AGENT_URL", value_name = "URL")]
    agent_url: Option<String>,
    /// Token of this workspace daemon. Others can read a command line: prefer the environment or a file.
    #[arg(long, env = TOKEN_VARIABLE, hide_env_values = true, value_name = "TOKEN")]
    agent_token: Option<String>,
    /// File with the token; preferred, because neither children nor other users see it.
    #[arg(long, env = "CODER_AGENT_TOKEN_FILE", value_name = "FILE")]
    agent_token_file: Option<PathBuf>,
    /// Descriptor that holds the token: how the daemon hands it to itself.
    #[arg(long = TOKEN_FD, hide = true)]
    agent_token_fd: Option<i32>,
    /// How to authenticate; only `token` is supported.
    #[arg(long, env = "CODER_AGENT_AUTH", default_value = "token", value_name = "KIND")]
    auth: String,
    /// Extra HTTP header for the deployment and its relays, as KEY=VALUE; repeatable.
    #[arg(long = "agent-header", env = "CODER_AGENT_HEADER", value_delimiter = ',', hide_env_values = true)]
    headers: Vec<String>,
    /// Folder of the daemon's log and the logs of scripts.
    #[arg(long, env = "CODER_AGENT_LOG_DIR", value_name = "FOLDER")]
    log_dir: Option<PathBuf>,
    /// Folder of the data of scripts.
    #[arg(long, env = "CODER_AGENT_SCRIPT_DATA_DIR", value_name = "FOLDER")]
    script_data_dir: Option<PathBuf>,
    /// Socket that tells its owner who is connected.
    #[arg(long, env = "HOMEPORT_REPORT_SOCKET", value_name = "FILE")]
    report_socket: Option<PathBuf>,
    /// UDP port of the mesh, 0 for any.
    #[arg(long, env = "CODER_AGENT_TAILNET_LISTEN_PORT", default_value_t = 0, value_name = "PORT")]
    tailnet_listen_port: u16,
    /// A silent SSH client is dropped after this.
    #[arg(long, env = "CODER_AGENT_SSH_MAX_TIMEOUT", default_value = "72h", value_parser = span::parse)]
    ssh_max_timeout: Duration,
    /// What the daemon runs under: envbox, envbuilder, exectrace.
    #[arg(long = "subsystem", env = "CODER_AGENT_SUBSYSTEM", value_delimiter = ',', value_name = "NAME")]
    subsystems: Vec<String>,
    /// Refuse to copy files over SSH.
    #[arg(long, env = "CODER_AGENT_BLOCK_FILE_TRANSFER", value_parser = BoolishValueParser::new(), num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    block_file_transfer: bool,
    /// Refuse `ssh -R`.
    #[arg(long, env = "CODER_AGENT_BLOCK_REVERSE_PORT_FORWARDING", value_parser = BoolishValueParser::new(), num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    block_reverse_port_forwarding: bool,
    /// Refuse `ssh -L`.
    #[arg(long, env = "CODER_AGENT_BLOCK_LOCAL_PORT_FORWARDING", value_parser = BoolishValueParser::new(), num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true")]
    block_local_port_forwarding: bool,
    /// Do not become the parent that buries dead processes, even as process 1.
    #[arg(long)]
    no_reap: bool,
}

/// A configuration that makes sense.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address of the deployment.
    pub access_url: Url,
    /// Our token.
    pub token: Secret,
    /// Extra HTTP headers.
    pub headers: Vec<(String, String)>,
    /// Logs.
    pub log_dir: PathBuf,
    /// Data of scripts.
    pub script_data_dir: PathBuf,
    /// Where this computer's owner is told who is connected.
    pub report_socket: Option<PathBuf>,
    /// UDP port of the mesh.
    pub udp_port: u16,
    /// See [`Args`].
    pub ssh_max_timeout: Duration,
    /// What the server is told about our surroundings.
    pub subsystems: Vec<Subsystem>,
    /// What is switched off.
    pub policy: Policy,
    /// This program.
    pub executable: PathBuf,
}

/// What does not make sense. Never shows a token or a header's value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the address of the deployment is missing; set CODER_AGENT_URL or give --agent-url")]
    NoUrl,
    #[error("the address of the deployment is not understood; give it as https://host or http://host:port")]
    BadUrl,
    #[error("the token is missing; set CODER_AGENT_TOKEN_FILE or CODER_AGENT_TOKEN")]
    NoToken,
    #[error("the token file {0} cannot be read")]
    TokenFile(PathBuf, #[source] std::io::Error),
    #[error("the token that was handed over cannot be read")]
    Handed(#[source] std::io::Error),
    #[error("the token is not one; it has characters that no token has")]
    BadToken,
    #[error("authentication by {0} is not supported; set CODER_AGENT_AUTH=token and give the daemon its token")]
    Auth(String),
    #[error("header number {0} is not KEY=VALUE; check CODER_AGENT_HEADER")]
    Header(usize),
    #[error("{0} is not a subsystem; known are envbox, envbuilder and exectrace")]
    Subsystem(String),
}

impl Args {
    /// Whether this process may become the parent that buries dead processes.
    pub fn may_reap(&self) -> bool {
        !self.no_reap
    }

    /// Checks everything and reads the token file.
    pub fn resolve(self, executable: PathBuf) -> Result<Config, ConfigError> {
        if self.auth != "token" {
            return Err(ConfigError::Auth(self.auth));
        }
        let temporary = std::env::temp_dir;
        Ok(Config {
            access_url: access_url(self.agent_url.as_deref().unwrap_or_default())?,
            token: token(self.agent_token_fd, self.agent_token_file.as_deref(), self.agent_token.as_deref())?,
            headers: headers(&self.headers)?,
            log_dir: self.log_dir.unwrap_or_else(temporary),
            script_data_dir: self.script_data_dir.unwrap_or_else(temporary),
            report_socket: self.report_socket,
            udp_port: self.tailnet_listen_port,
            ssh_max_timeout: self.ssh_max_timeout,
            subsystems: subsystems(&self.subsystems)?,
            policy: Policy {
                block_file_transfer: self.block_file_transfer,
                block_reverse_forwarding: self.block_reverse_port_forwarding,
                block_local_forwarding: self.block_local_port_forwarding,
            },
            executable,
        })
    }
}

fn access_url(text: &str) -> Result<Url, ConfigError> {
    if text.trim().is_empty() {
        return Err(ConfigError::NoUrl);
    }
    let url = Url::parse(text.trim()).map_err(|_| ConfigError::BadUrl)?;
    let usable = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if usable { Ok(url) } else { Err(ConfigError::BadUrl) }
}

/// The file wins: whoever names one does not mean a variable that was inherited by accident.
fn token(handed: Option<i32>, file: Option<&Path>, given: Option<&str>) -> Result<Secret, ConfigError> {
    let handed = handed.map(hidden_token::take).transpose().map_err(ConfigError::Handed)?;
    let text = match (file, handed) {
        (Some(path), _) => read_short(path).map_err(|error| ConfigError::TokenFile(path.to_owned(), error))?,
        (None, Some(handed)) => handed,
        (None, None) => given.unwrap_or_default().to_owned(),
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(ConfigError::NoToken);
    }
    // It becomes an HTTP header; what cannot be one would only fail later and less clearly.
    if text.bytes().all(|byte| byte.is_ascii_graphic()) { Ok(Secret::new(text)) } else { Err(ConfigError::BadToken) }
}

fn read_short(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_TOKEN_FILE).read_to_string(&mut text)?;
    Ok(text)
}

fn headers(texts: &[String]) -> Result<Vec<(String, String)>, ConfigError> {
    let pair = |(index, text): (usize, &String)| {
        let (key, value) = text.split_once('=').ok_or(ConfigError::Header(index + 1))?;
        let (key, value) = (key.trim(), value.trim());
        let valid = http::HeaderName::try_from(key).is_ok() && http::HeaderValue::try_from(value).is_ok();
        if valid { Ok((key.to_owned(), value.to_owned())) } else { Err(ConfigError::Header(index + 1)) }
    };
    texts.iter().filter(|text| !text.trim().is_empty()).enumerate().map(pair).collect()
}

fn subsystems(names: &[String]) -> Result<Vec<Subsystem>, ConfigError> {
    let one = |name: &str| match name {
        "envbox" => Ok(Subsystem::Envbox),
        "envbuilder" => Ok(Subsystem::Envbuilder),
        "exectrace" => Ok(Subsystem::Exectrace),
        other => Err(ConfigError::Subsystem(other.to_owned())),
    };
    names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).map(one).collect()
}

#[cfg(test)]
mod tests;
