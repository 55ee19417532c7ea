//! `homeport ssh`: a shell or a command in a workspace, or (`--stdio`) the bytes of an SSH connection for another SSH
//! client.

mod network_info;
mod pump;
mod raw_mode;
mod shell;
mod stdio;
mod tunnel;
pub mod usage;

use std::io::IsTerminal;
use std::path::PathBuf;

use client::Deployment;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connect::exists;
use crate::failure::failure;
use crate::global::Global;
use crate::reach::{self, Policy, Wait};
use crate::session;
use crate::target::Target;

/// The SSH port of every workspace daemon.
const PORT: u16 = 22;

/// Options of `ssh`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name[.daemon]`, or a host name with its prefix or suffix.
    workspace: String,
    /// A command to run there; a shell without one.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
    /// Carry an SSH connection on standard input and output (`ProxyCommand`).
    #[arg(long, env = "CODER_SSH_STDIO", value_parser = clap::builder::FalseyValueParser::new())]
    stdio: bool,
    /// Let the workspace use the SSH agent of this computer.
    #[arg(short = 'A', long, env = "CODER_SSH_FORWARD_AGENT", value_parser = clap::builder::FalseyValueParser::new())]
    forward_agent: bool,
    /// The SSH agent to forward; `SSH_AUTH_SOCK` says it otherwise.
    #[arg(long, env = "CODER_SSH_IDENTITY_AGENT", value_name = "SOCKET")]
    identity_agent: Option<PathBuf>,
    /// Whether to wait for startup scripts.
    #[arg(long, env = "CODER_SSH_WAIT", default_value = "auto")]
    wait: Wait,
    /// As `--wait=no`.
    #[arg(long, hide = true)]
    no_wait: bool,
    /// Do not show what startup scripts say while they are waited for.
    #[arg(short, long)]
    quiet: bool,
    /// Do not start a stopped workspace.
    #[arg(long, env = "CODER_SSH_DISABLE_AUTOSTART", value_parser = clap::builder::FalseyValueParser::new())]
    disable_autostart: bool,
    /// Suffix of host names, cut off before the workspace is looked for.
    #[arg(long, env = "CODER_SSH_HOSTNAME_SUFFIX", value_name = "SUFFIX")]
    hostname_suffix: Option<String>,
    /// Prefix of host names, cut off before the workspace is looked for.
    #[arg(long, env = "CODER_SSH_SSH_HOST_PREFIX", value_name = "PREFIX")]
    ssh_host_prefix: Option<String>,
    /// A variable for the session, as `NAME=value`; may be repeated.
    #[arg(short, long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// A terminal even for a command.
    #[arg(short = 't', long)]
    tty: bool,
    /// What the connection is for: ssh, vscode, jetbrains or disable.
    #[arg(long, env = "CODER_SSH_USAGE_APP", value_name = "APP", hide = true)]
    usage_app: Option<String>,
    /// Folder in which an editor reads how the connection is.
    #[arg(long, value_name = "FOLDER", hide = true)]
    network_info_dir: Option<PathBuf>,
    /// Seconds between updates of that file.
    #[arg(long, value_name = "SPAN", default_value = "5s", hide = true)]
    network_info_interval: String,
    /// Accepted for editors: this program logs to standard error only.
    #[arg(short, long, value_name = "FOLDER", hide = true)]
    log_dir: Option<PathBuf>,
    /// Do not use the tunnel of this computer.
    #[arg(long, hide = true)]
    force_new_tunnel: bool,
}

#[cfg(test)]
impl Args {
    pub fn is_stdio(&self) -> bool {
        self.stdio
    }

    pub fn command(&self) -> &[String] {
        &self.command
    }
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse_host(&args.workspace, args.ssh_host_prefix.as_deref(), args.hostname_suffix.as_deref())?;
    // Said before a workspace is started for nothing.
    let lent = Lent { agent_socket: agent_socket(&args)?, variables: variables(&args.env)? };
    let deployment = global.deployment().await?;
    // Costs no packet. Where the tunnel is on, a mesh of our own is most likely not needed.
    let is_on = !args.force_new_tunnel && exists::is_on();
    // The mesh starts while the daemon is looked for: on the warm path they take equally long.
    let begin = || session::begin(&deployment, global.disable_direct_connections);
    let starting = (!is_on).then(begin);
    let wait = if args.no_wait { Wait::No } else { args.wait };
    let policy = Policy { wait, autostart: !args.disable_autostart, quiet: args.quiet };
    let (workspace, agent) = reach::agent(&deployment, &target, policy).await?;
    let usage = usage::report(&deployment, workspace.id, agent.id, args.usage_app.as_deref());
    let info =
        args.network_info_dir.as_deref().map(|folder| network_info::File::new(folder, &args.network_info_interval));

    if is_on {
        let suffix = suffix(&args, &deployment).await;
        if let Some(stream) = tunnel::connect(&workspace, &agent, &suffix).await {
            let _tells = info.map(|info| info.in_tunnel()).transpose()?;
            return carry(&args, lent, stream).await;
        }
    }
    let mut session = starting.unwrap_or_else(begin).attach(agent.id).await?;
    session.reachable().await?;
    let stream = session.dial(PORT).await?;
    let watch = info.map(|info| info.follow(session.mesh.clone(), session.address));
    let result = carry(&args, lent, stream).await;
    drop((usage, watch));
    session.close().await;
    result
}

/// The suffix of the names that the tunnel would know.
async fn suffix(args: &Args, deployment: &Deployment) -> String {
    let given =
        args.hostname_suffix.as_deref().map(|suffix| suffix.trim_matches('.')).filter(|suffix| !suffix.is_empty());
    match given {
        Some(suffix) => suffix.to_owned(),
        None => deployment.connection_info().await.map(|info| info.hostname_suffix).unwrap_or_default(),
    }
}

async fn carry<S>(args: &Args, lent: Lent, stream: S) -> anyhow::Result<u8>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if args.stdio { stdio::splice(stream).await } else { interactive(args, lent, stream).await }
}

async fn interactive<S>(args: &Args, lent: Lent, stream: S) -> anyhow::Result<u8>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let has_terminal = std::io::stdin().is_terminal();
    let wanted = shell::Wanted {
        command: (!args.command.is_empty()).then(|| args.command.join(" ")),
        terminal: args.tty || (args.command.is_empty() && has_terminal),
        agent_socket: lent.agent_socket,
        variables: lent.variables,
    };
    shell::run(stream, wanted, pump::Streams::own()?).await
}

/// What the session gets from this computer.
struct Lent {
    agent_socket: Option<PathBuf>,
    variables: Vec<(String, String)>,
}

/// Reads `NAME=value` words.
fn variables(words: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(failure(format!("`{word}` is not a variable"), "write it as NAME=value")),
        })
        .collect()
}

/// The agent that `-A` lends to the workspace.
fn agent_socket(args: &Args) -> anyhow::Result<Option<PathBuf>> {
    match (args.forward_agent, &args.identity_agent) {
        (false, _) => Ok(None),
        (true, Some(path)) => Ok(Some(path.clone())),
        (true, None) => match std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()) {
            Some(path) => Ok(Some(path.into())),
            None => Err(failure("there is no SSH agent to forward", "start one, or leave `-A` out")),
        },
    }
}
