//! Which addresses a page may have opened outside, and with what. Nothing that runs, mounts or reads a file, and no web
//! page of somebody else: what a page could say there would have left this computer.

use std::process::{Command, Stdio};

use client::installed;
use proto::external_app::{PROGRAMS, TOKEN_MARK};
use url::Url;

/// Longest address.
const MAX: usize = 4 * 1024;

/// Why an address is not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("This is not an address.")]
    NoAddress,
    #[error("Addresses that begin with `{0}:` are not opened from here.")]
    Scheme(String),
    #[error("{0} is not part of this deployment. Open it from the dashboard in the browser.")]
    Foreign(String),
    #[error("This app wants the session token in its address, where others can read it.")]
    WantsToken,
    #[error("Nothing here opens addresses: install xdg-utils.")]
    NoOpener,
}

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A page of the deployment itself: our command signs the browser in where it can.
    Page(Url),
    /// Another program's.
    Address(Url),
}

/// Checks an address that a page wants opened. `base` is the deployment. Pure.
///
/// # Errors
/// [`OpenError`].
pub fn check(base: &Url, address: &str) -> Result<Opened, OpenError> {
    if address.len() > MAX || address.chars().any(char::is_control) {
        return Err(OpenError::NoAddress);
    }
    if address.contains(TOKEN_MARK) {
        return Err(OpenError::WantsToken);
    }
    let url = if address.starts_with('/') { base.join(address) } else { Url::parse(address) };
    let url = url.map_err(|_| OpenError::NoAddress)?;
    match url.scheme() {
        "http" | "https" if url.origin() == base.origin() => Ok(Opened::Page(url)),
        "http" | "https" if is_below(base, &url) => Ok(Opened::Address(url)),
        "http" | "https" => Err(OpenError::Foreign(url.host_str().unwrap_or_default().chars().take(100).collect())),
        scheme if PROGRAMS.contains(&scheme) => Ok(Opened::Address(url)),
        scheme => Err(OpenError::Scheme(scheme.chars().take(20).collect())),
    }
}

/// Whether this is an app on a name of its own below the deployment's.
fn is_below(base: &Url, url: &Url) -> bool {
    let (Some(url::Host::Domain(above)), Some(url::Host::Domain(name))) = (base.host(), url.host()) else {
        return false;
    };
    let is_inside = name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
    is_inside && url.scheme() == base.scheme() && url.port_or_known_default() == base.port_or_known_default()
}

/// Starts what shows it, and does not wait.
///
/// # Errors
/// [`OpenError::NoOpener`].
pub fn open(base: &Url, opened: &Opened) -> Result<(), OpenError> {
    let opener = installed::other("xdg-open").ok_or(OpenError::NoOpener)?;
    let mut command = match (opened, installed::own("homeport")) {
        (Opened::Page(page), Some(homeport)) if is_plain(page) => {
            let mut command = Command::new(homeport);
            command.args(["dashboard", "--url", base.as_str(), "--page", page.path()]);
            command
        }
        (Opened::Page(url) | Opened::Address(url), _) => {
            let mut command = Command::new(opener);
            command.arg(url.as_str());
            command
        }
    };
    start(&mut command).map_err(|_| OpenError::NoOpener)
}

/// Starts a program that hears and says nothing here, and lives on by itself.
///
/// # Errors
/// Those of the start.
pub fn start(command: &mut Command) -> std::io::Result<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Its end is collected, whenever it comes.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// What our command takes as a page.
fn is_plain(page: &Url) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.@".contains(letter);
    page.query().is_none() && page.fragment().is_none() && page.path().chars().all(is_plain)
}

#[cfg(test)]
mod tests;
