//! How a command is started in this workspace: which shell, which environment, which folder. SSH sessions, terminals,
//! scripts and metadata all start their commands here. Not for what happens to the process afterwards.
//!
//! ```text
//!  Facts + Account + Request ── prepare ──► Launch ── command() ──► tokio::process::Command (own session, clean env)
//! ```
//! Environment, lowest to highest (spec: agent-rpc.md 7.1): the daemon's own; what the client or caller adds; the account;
//! the workspace's base variables; the template's; secrets; forced ones; and the script folder in front of `PATH`.

mod environment;
mod words;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::os::process;
use crate::os::shell;
use crate::os::user::Account;
use crate::session::Facts;

pub use environment::{Environment, expand};

/// What to run.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// An interactive login shell.
    LoginShell,
    /// One line, given to the shell with `-c`.
    Line(&'a str),
    /// One line as an SSH client sent it: any bytes but NUL.
    ClientLine(&'a OsStr),
    /// A script: as a line, unless it begins with `#!`; then that interpreter gets it with `-c`.
    Script(&'a str),
}

/// Why a command could not be prepared; the text is for the person who asked for it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CommandError {
    #[error(
        "this workspace has no shell: neither the account nor SHELL names one that can be run, and none of the usual ones exists. \
         Add a shell (for example /bin/sh) to its image; SFTP and port forwarding work without one"
    )]
    NoShell,
    #[error(
        "this workspace has no shell, and there is no program {0} that could be started without one; \
         name a program that is in its image by its full path"
    )]
    NoProgram(String),
    #[error("a command must not contain a NUL character")]
    Nul,
}

/// A command ready to start. Not `Debug`: its environment carries secrets.
#[derive(Clone)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: BTreeMap<OsString, OsString>,
    pub directory: PathBuf,
}

/// Decides how `request` is started for `account`; `extra` are variables of the client or caller (below the workspace's own).
pub fn prepare(
    facts: &Facts,
    account: &Account,
    request: Request<'_>,
    extra: &[(String, String)],
) -> Result<Launch, CommandError> {
    let inherited: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    let shell = shell::find(account.shell.as_deref(), inherited.get(OsStr::new("SHELL")).map(Path::new));
    let environment = Environment::assemble(facts, account, shell.as_deref(), inherited, extra);
    let directory = existing_directory(&facts.directory, account, &environment);
    let path = environment.text("PATH").unwrap_or_default();
    let (program, arguments) = command_line(shell, request, &path)?;
    Ok(Launch { program, arguments, environment: environment.into_variables(), directory })
}

impl Launch {
    /// The process to spawn: exactly this environment, this folder, in a session of its own. Pipes are the caller's choice.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = self.bare_command();
        process::detach(&mut command);
        command
    }

    /// As [`Launch::command`], for callers who set up the session themselves (a terminal does).
    #[must_use]
    pub fn bare_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.environment).current_dir(&self.directory);
        command
    }
}

fn command_line(
    shell: Option<PathBuf>,
    request: Request<'_>,
    path: &str,
) -> Result<(PathBuf, Vec<OsString>), CommandError> {
    let line = match request {
        Request::LoginShell => return Ok((shell.ok_or(CommandError::NoShell)?, vec!["-l".into()])),
        Request::Line(text) | Request::Script(text) => OsStr::new(text),
        Request::ClientLine(line) => line,
    };
    if line.as_encoded_bytes().contains(&0) {
        return Err(CommandError::Nul);
    }
    if let Request::Script(script) = request
        && let Some((program, arguments)) = interpreter(script)
    {
        return Ok((program.into(), arguments.into_iter().chain(["-c", script]).map(OsString::from).collect()));
    }
    match shell {
        Some(shell) => Ok((shell, vec!["-c".into(), line.to_owned()])),
        None => without_shell(line, path),
    }
}

/// In an image without a shell: a program and its words, when the line is no more than that.
fn without_shell(line: &OsStr, path: &str) -> Result<(PathBuf, Vec<OsString>), CommandError> {
    let mut words = words::split(line).ok_or(CommandError::NoShell)?.into_iter();
    let name = PathBuf::from(words.next().ok_or(CommandError::NoShell)?);
    let is_name = name.components().count() == 1 && !name.is_absolute();
    let folders = path.split(':').filter(|_| is_name).filter(|folder| folder.starts_with('/'));
    let places = folders.map(|folder| Path::new(folder).join(&name)).chain((!is_name).then(|| name.clone()));
    let program = places.into_iter().find(|place| shell::is_program(place));
    let program = program.ok_or_else(|| CommandError::NoProgram(name.display().to_string()))?;
    Ok((program, words.collect()))
}

/// The program and arguments a script's first line names.
fn interpreter(script: &str) -> Option<(&str, Vec<&str>)> {
    let line = script.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_whitespace();
    Some((words.next()?, words.collect()))
}

/// The folder where commands start here, whether or not there is a shell to start them with.
#[must_use]
pub fn folder(facts: &Facts, account: &Account) -> PathBuf {
    let environment = Environment::assemble(facts, account, None, std::env::vars_os().collect(), &[]);
    existing_directory(&facts.directory, account, &environment)
}

/// The template's folder if it exists, else home, else the root.
fn existing_directory(wanted: &str, account: &Account, environment: &Environment) -> PathBuf {
    [resolve_directory(wanted, account, environment), account.home.clone()]
        .into_iter()
        .find(|path| path.is_dir())
        .unwrap_or_else(|| PathBuf::from("/"))
}

/// A path as templates write it: `~`, `$NAME`, and relative to home. Empty means home.
#[must_use]
pub fn resolve_directory(wanted: &str, account: &Account, environment: &Environment) -> PathBuf {
    let expanded = expand(wanted.trim(), |name| environment.text(name));
    match expanded.strip_prefix('~') {
        Some("") => account.home.clone(),
        Some(rest) if rest.starts_with('/') => account.home.join(rest.trim_start_matches('/')),
        _ => account.home.join(expanded),
    }
}

#[cfg(test)]
mod tests;
