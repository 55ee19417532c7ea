//! The tree of commands and how each is started. What a command does is in the file of its name.

use crate::global::Global;
use crate::{
    accounts, build, completion, config_ssh, connect, create, dashboard, delete, diagnose, gitssh, list, login, logout,
    netcheck, ping, port_forward, reachable, restart, server, show, speedtest, ssh, start, stop, support, tokens,
    version, whoami,
};

/// Workspaces on this computer and elsewhere, reached over a private mesh.
#[derive(clap::Parser)]
#[command(name = "homeport", disable_version_flag = true, infer_long_args = false, max_term_width = 100)]
pub struct Homeport {
    #[command(flatten)]
    pub global: Global,
    /// Print the version.
    #[arg(long)]
    pub version: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(clap::Subcommand)]
pub enum Command {
    /// Open a session at a deployment.
    Login(login::Args),
    /// End the session at a deployment.
    Logout(logout::Args),
    /// List where you are logged in, or choose which deployment is meant.
    Accounts(accounts::Args),
    /// Say who you are and where.
    Whoami(whoami::Args),
    /// List workspaces.
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Show one workspace.
    Show(show::Args),
    /// Make a workspace.
    Create(create::Args),
    /// Start a workspace.
    Start(build::Args),
    /// Stop a workspace.
    Stop(build::Args),
    /// Stop a workspace and start it again.
    Restart(build::Args),
    /// Delete a workspace.
    #[command(visible_alias = "rm")]
    Delete(delete::Args),
    /// Open a shell in a workspace, or run a command there.
    Ssh(ssh::Args),
    /// Forward ports of this computer into a workspace.
    #[command(visible_alias = "tunnel")]
    PortForward(port_forward::Args),
    /// Measure the way to a workspace: direct or relayed, and how long.
    Ping(ping::Args),
    /// Measure the throughput to a workspace.
    Speedtest(speedtest::Args),
    /// Examine this network: UDP, NAT, relays.
    Netcheck(netcheck::Args),
    /// Make `ssh <workspace>.coder` work.
    ConfigSsh(config_ssh::Args),
    /// Find out why a workspace cannot be reached by its name: the first step that fails, and the fix.
    Diagnose(diagnose::Args),
    /// Switch the tunnel of this computer on or off, or look at it.
    Connect(connect::Args),
    /// Open the deployment's pages in the browser, signed in.
    Dashboard(dashboard::Args),
    /// Manage long-lived tokens.
    #[command(visible_alias = "token")]
    Tokens(tokens::Args),
    /// Make this computer a workspace elsewhere, pause that, or see who is connected.
    Reachable(reachable::Args),
    /// Host workspaces on this computer.
    Server(server::Args),
    /// Run the workspace daemon (inside a workspace).
    #[command(visible_alias = "agent")]
    Daemon(Box<daemon::Args>),
    /// Collect what somebody who helps needs, without secrets.
    Support(support::Args),
    /// Print the version.
    Version(version::Args),
    /// Print a script that completes commands in your shell.
    Completion(completion::Args),
    /// Git's SSH command inside a workspace.
    #[command(hide = true)]
    Gitssh(gitssh::Args),
}

/// Runs a command; the number is the exit code.
pub async fn run(command: Command, global: &Global, called_as_coder: bool) -> anyhow::Result<u8> {
    match command {
        Command::Login(args) => login::run(args, global).await,
        Command::Logout(args) => logout::run(args, global).await,
        Command::Accounts(args) => accounts::run(args, global).await,
        Command::Whoami(args) => whoami::run(args, global).await,
        Command::List(args) => list::run(args, global).await,
        Command::Show(args) => show::run(args, global).await,
        Command::Create(args) => create::run(args, global).await,
        Command::Start(args) => start::run(args, global).await,
        Command::Stop(args) => stop::run(args, global).await,
        Command::Restart(args) => restart::run(args, global).await,
        Command::Delete(args) => delete::run(args, global).await,
        Command::Ssh(args) => Box::pin(ssh::run(args, global)).await,
        Command::PortForward(args) => port_forward::run(args, global).await,
        Command::Ping(args) => ping::run(args, global).await,
        Command::Speedtest(args) => speedtest::run(args, global).await,
        Command::Netcheck(args) => netcheck::run(args, global).await,
        Command::ConfigSsh(args) => config_ssh::run(args, global).await,
        Command::Connect(args) => Box::pin(connect::run(args, global)).await,
        Command::Diagnose(args) => Box::pin(diagnose::run(args)).await,
        Command::Dashboard(args) => dashboard::run(args, global).await,
        Command::Tokens(args) => tokens::run(args, global).await,
        Command::Reachable(args) => Box::pin(reachable::run(args, global)).await,
        Command::Server(args) => server::run(args),
        // `main` runs it before there is a runtime: it makes its own, and as process 1 it must fork first.
        Command::Daemon(_) => Ok(0),
        Command::Support(args) => support::run(args, global).await,
        Command::Version(args) => version::run(args, called_as_coder),
        Command::Completion(args) => completion::run(args),
        Command::Gitssh(args) => gitssh::run(args).await,
    }
}

#[cfg(test)]
mod tests;
