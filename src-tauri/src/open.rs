//! What program is started to open a thing, and with which arguments. Pure.
//!
//! Arguments go to programs as they are, never through a shell. No secret is in an argument: a password goes to the
//! program's standard input. Addresses are opened only when their scheme is on a list.

use std::path::PathBuf;

use proto::external_app::{PROGRAMS, TOKEN_MARK};
use proto::secret::Secret;
use url::Url;

use crate::link::{is_host, is_name};
use crate::place::Place;

/// Schemes of pages, which the desktop may be handed besides those of [`PROGRAMS`].
const PAGES: &[&str] = &["http", "https"];
/// Port of the remote desktop protocol.
const RDP: u16 = 3389;
/// Keeps a terminal open until its reader is done. The words of the command are arguments, not text.
const HOLD: &str = r#""$@"; printf '\n(Enter closes this window)'; read -r _"#;

/// A thing to open.
#[derive(Debug, Clone)]
pub enum Target {
    /// A page, or an app that is known by its address.
    Address(String),
    /// A page of a deployment's dashboard, where our own command signs the browser in when the deployment is ours.
    Page { place: Place, page: Url },
    /// The same in a window of ours, where the program of the windows is there and works; else as [`Target::Page`].
    Window { place: Place, page: Url },
    /// Our menu in a window of its own.
    Menu,
    /// A shell in a workspace, in a terminal; starts the workspace when it is stopped.
    Shell { place: Place, owner: String, workspace: String, daemon: String },
    /// An editor with a folder of a workspace.
    Editor { name: &'static str, host: String, folder: String },
    /// JetBrains Toolbox, which asks for the rest.
    JetBrains { place: Place, owner: String, workspace: String, daemon: String, folder: String },
    /// The screen of a workspace.
    Desktop { host: String, user: Option<String>, password: Option<Secret> },
    /// One of our own commands, in a terminal.
    Tool(Vec<String>),
    /// A text file of ours.
    File(PathBuf),
}

impl PartialEq for Target {
    /// A password is no part of what a thing is.
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// What is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Programs {
    /// Our own command.
    pub homeport: Option<PathBuf>,
    /// The program of our windows.
    pub window: Option<PathBuf>,
    /// A terminal, and what stands before the command in its arguments.
    pub terminal: Option<(PathBuf, &'static [&'static str])>,
    /// Editors by the name people know.
    pub editors: Vec<(&'static str, PathBuf)>,
    pub remote_desktop: Option<(RemoteDesktop, PathBuf)>,
    pub has_toolbox: bool,
    /// What opens addresses and files.
    pub opener: Option<PathBuf>,
}

/// Programs that show a remote screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteDesktop {
    FreeRdp,
    Remmina,
}

/// A program to start.
#[derive(Debug, Clone)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// For its standard input.
    pub input: Option<Secret>,
    /// It is one of ours whose end is heard.
    pub is_window: bool,
    /// What is started where this window fails soon: it needs a screen and WebKit.
    pub otherwise: Option<Box<Launch>>,
}

impl Launch {
    /// A program that is told nothing, and whose end is its own business.
    fn of(program: PathBuf, arguments: Vec<String>) -> Self {
        Self { program, arguments, input: None, is_window: false, otherwise: None }
    }
}

/// Why a thing cannot be opened, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("no terminal is installed: install xterm, or one that offers xdg-terminal-exec")]
    NoTerminal,
    #[error("{0} is not installed, or not on PATH")]
    NoProgram(&'static str),
    #[error("nothing here opens addresses: install xdg-utils")]
    NoOpener,
    #[error("no program for remote desktops is installed: install FreeRDP (freerdp2-x11 or freerdp3-x11) or Remmina")]
    NoRemoteDesktop,
    #[error("addresses that begin with `{0}:` are not opened from here")]
    Scheme(String),
    #[error("this is not an address")]
    NoAddress,
    #[error("this app wants the session token in its address, where others can read it; open it from the dashboard")]
    WantsToken,
    #[error("the workspace has a name that no program can be given safely")]
    Name,
}

/// Plans how a thing is opened.
///
/// # Errors
/// [`OpenError`].
pub fn plan(target: Target, programs: &Programs) -> Result<Launch, OpenError> {
    match target {
        Target::Address(address) => by_opener(check_address(&address)?.into(), programs),
        Target::Page { place, page } => page_of(&place, &page, programs),
        Target::Window { place, page } => window_of(&place, &page, programs),
        Target::Menu => menu_window(programs),
        Target::File(path) => by_opener(path.to_string_lossy().into_owned(), programs),
        Target::Shell { place, owner, workspace, daemon } => {
            let target = named(&owner, &workspace, &daemon)?;
            in_terminal(&["ssh", "--url", place.as_str(), &target], programs, false)
        }
        Target::Tool(words) => in_terminal(&words.iter().map(String::as_str).collect::<Vec<_>>(), programs, true),
        Target::Editor { name, host, folder } => {
            let found = programs.editors.iter().find(|(known, _)| *known == name);
            let (_, program) = found.ok_or(OpenError::NoProgram(name))?;
            if !is_host(&host) {
                return Err(OpenError::Name);
            }
            let mut arguments = vec!["--remote".into(), format!("ssh-remote+{host}")];
            arguments.extend(folder.starts_with('/').then_some(folder));
            Ok(Launch::of(program.clone(), arguments))
        }
        Target::JetBrains { place, owner, workspace, daemon, folder } => {
            named(&owner, &workspace, &daemon)?;
            let mut url = Url::parse("jetbrains://gateway/coder").map_err(|_| OpenError::NoAddress)?;
            url.query_pairs_mut()
                .append_pair("url", place.as_str())
                .append_pair("workspace", &workspace)
                .append_pair("owner", &owner)
                .append_pair("agent_name", &daemon)
                .append_pair("folder", &folder);
            by_opener(url.into(), programs)
        }
        Target::Desktop { host, user, password } => remote_desktop(&host, user.as_deref(), password, programs),
    }
}

/// An address that may be opened.
fn check_address(address: &str) -> Result<Url, OpenError> {
    if address.contains(TOKEN_MARK) {
        return Err(OpenError::WantsToken);
    }
    let url = Url::parse(address).map_err(|_| OpenError::NoAddress)?;
    if !PAGES.contains(&url.scheme()) && !PROGRAMS.contains(&url.scheme()) {
        return Err(OpenError::Scheme(url.scheme().chars().take(20).collect()));
    }
    Ok(url)
}

fn page_of(place: &Place, page: &Url, programs: &Programs) -> Result<Launch, OpenError> {
    let opener = programs.opener.is_some();
    // Where our command is missing, the browser asks for the sign-in.
    let Some(program) = programs.homeport.clone().filter(|_| opener && is_plain(page.path())) else {
        return by_opener(check_address(page.as_str())?.into(), programs);
    };
    let arguments = ["dashboard", "--url", place.as_str(), "--page", page.path()].map(str::to_owned);
    Ok(Launch::of(program, arguments.into()))
}

fn window_of(place: &Place, page: &Url, programs: &Programs) -> Result<Launch, OpenError> {
    let otherwise = page_of(place, page, programs);
    let Some(program) = programs.window.clone().filter(|_| is_plain(page.path())) else { return otherwise };
    let arguments = ["--deployment", place.as_str(), "--page", page.path()].map(str::to_owned);
    let otherwise = otherwise.ok().map(Box::new);
    Ok(Launch { is_window: true, otherwise, ..Launch::of(program, arguments.into()) })
}

fn menu_window(programs: &Programs) -> Result<Launch, OpenError> {
    let program = programs.window.clone().ok_or(OpenError::NoProgram("homeport-window"))?;
    Ok(Launch { is_window: true, ..Launch::of(program, vec!["--menu".into()]) })
}

/// What the command takes as a page: it has nothing in it that would need escaping.
fn is_plain(path: &str) -> bool {
    path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/-_.@".contains(letter))
}

fn by_opener(what: String, programs: &Programs) -> Result<Launch, OpenError> {
    let program = programs.opener.clone().ok_or(OpenError::NoOpener)?;
    Ok(Launch::of(program, vec![what]))
}

fn named(owner: &str, workspace: &str, daemon: &str) -> Result<String, OpenError> {
    let all_good = is_name(owner) && is_name(workspace) && (daemon.is_empty() || is_name(daemon));
    if !all_good {
        return Err(OpenError::Name);
    }
    Ok(if daemon.is_empty() { format!("{owner}/{workspace}") } else { format!("{owner}/{workspace}.{daemon}") })
}

fn in_terminal(words: &[&str], programs: &Programs, hold: bool) -> Result<Launch, OpenError> {
    let (program, before) = programs.terminal.as_ref().ok_or(OpenError::NoTerminal)?;
    let homeport = programs.homeport.as_ref().ok_or(OpenError::NoProgram("homeport"))?.to_string_lossy();
    let mut arguments: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
    if hold {
        arguments.extend(["sh", "-c", HOLD, "sh"].map(str::to_owned));
    }
    arguments.push(homeport.into_owned());
    arguments.extend(words.iter().map(|word| (*word).to_owned()));
    Ok(Launch::of(program.clone(), arguments))
}

fn remote_desktop(
    host: &str,
    user: Option<&str>,
    password: Option<Secret>,
    programs: &Programs,
) -> Result<Launch, OpenError> {
    let (kind, program) = programs.remote_desktop.as_ref().ok_or(OpenError::NoRemoteDesktop)?;
    if !is_host(host) {
        return Err(OpenError::Name);
    }
    match kind {
        RemoteDesktop::FreeRdp => {
            let mut arguments = vec![format!("/v:{host}:{RDP}")];
            arguments.extend(user.map(|user| format!("/u:{user}")));
            arguments.extend(["/cert:tofu", "/dynamic-resolution", "+clipboard"].map(str::to_owned));
            if let Some(password) = password {
                // It asks for what it was not given, in this order, on its standard input.
                arguments.push("/from-stdin".into());
                let input = Secret::new(format!("{}\n", password.expose()));
                return Ok(Launch { input: Some(input), ..Launch::of(program.clone(), arguments) });
            }
            // Somebody has to be asked, and that needs a terminal where there is one.
            let Some((terminal, before)) = &programs.terminal else {
                return Ok(Launch::of(program.clone(), arguments));
            };
            let mut all: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
            all.push(program.to_string_lossy().into_owned());
            all.extend(arguments);
            all.push("/from-stdin".into());
            Ok(Launch::of(terminal.clone(), all))
        }
        // It keeps passwords in a form of its own, and asks by itself.
        RemoteDesktop::Remmina => {
            let mut url = Url::parse(&format!("rdp://{host}:{RDP}")).map_err(|_| OpenError::Name)?;
            if let Some(user) = user {
                url.set_username(user).map_err(|()| OpenError::Name)?;
            }
            Ok(Launch::of(program.clone(), vec!["-c".into(), url.into()]))
        }
    }
}

#[cfg(test)]
mod tests;
