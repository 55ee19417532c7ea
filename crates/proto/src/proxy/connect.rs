//! A way through an HTTP proxy: the request for it and the head of the answer (RFC 9110, 9.3.6).
//!
//! ```text
//!   CONNECT host:port HTTP/1.1 ──►
//!                              ◄── HTTP/1.1 200 …   from now on every byte is the other end's
//!                              ◄── HTTP/1.1 407 …   who are you?
//! ```
//!
//! Cap: the answer's head is at most [`MAX_HEAD`] bytes; what proxies send is a tenth of it.

use super::{Proxy, with_port};
use crate::secret::Secret;

/// Longest head of a proxy's answer.
pub const MAX_HEAD: usize = 16 << 10;
/// `HTTP/1.1 200`.
const STATUS: usize = 12;

/// Why there is no way through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// A host that would break out of its line.
    #[error("no proxy can be asked for {0:?}")]
    Target(String),
    /// It wants a login, or another one.
    #[error(
        "the HTTP proxy {proxy} wants a login before it leads to {target} (HTTP status 407): put user and password into HTTPS_PROXY"
    )]
    Login {
        /// The proxy.
        proxy: String,
        /// Where to.
        target: String,
    },
    /// It does not lead there.
    #[error("the HTTP proxy {proxy} refuses to lead to {target} (HTTP status {status})")]
    Refused {
        /// The proxy.
        proxy: String,
        /// Where to.
        target: String,
        /// Its answer.
        status: u16,
    },
    /// Its answer is no HTTP, has no end, or is followed by bytes that nobody can have sent yet.
    #[error("the answer of the HTTP proxy {0} cannot be read")]
    Unreadable(String),
}

/// One way that is asked for.
#[derive(Debug)]
pub struct Passage<'a> {
    proxy: &'a Proxy,
    target: String,
}

impl<'a> Passage<'a> {
    /// Through this proxy to a host (without brackets) and port.
    ///
    /// # Errors
    /// [`Denied::Target`].
    pub fn new(proxy: &'a Proxy, host: &str, port: u16) -> Result<Self, Denied> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_plain) {
            return Err(Denied::Target(host.to_owned()));
        }
        Ok(Self { proxy, target: with_port(host, port) })
    }

    /// What to send; it holds the login.
    #[must_use]
    pub fn request(&self) -> Secret {
        let target = &self.target;
        let login = self
            .proxy
            .login
            .as_ref()
            .map_or(String::new(), |login| format!("Proxy-Authorization: {}\r\n", login.expose()));
        Secret::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: homeport\r\n{login}\r\n"))
    }

    /// Whether the bytes that came so far open the way; `false` asks for more of them. Whoever waits for the request of
    /// this side says nothing first, so what comes behind the head is not theirs.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn is_open(&self, answer: &[u8]) -> Result<bool, Denied> {
        let unreadable = || Denied::Unreadable(self.proxy.name());
        let begin = answer.get(..STATUS.min(answer.len())).unwrap_or_default();
        if !b"HTTP/1.".starts_with(begin) && !begin.starts_with(b"HTTP/1.") {
            return Err(unreadable());
        }
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let Some(end) = end.filter(|end| *end <= MAX_HEAD) else {
            return if answer.len() < MAX_HEAD { Ok(false) } else { Err(unreadable()) };
        };
        let status = begin
            .get(8..)
            .and_then(|rest| rest.strip_prefix(b" "))
            .filter(|digits| digits.len() == 3 && digits.iter().all(u8::is_ascii_digit));
        let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
        let (proxy, target) = (self.proxy.name(), self.target.clone());
        match status {
            Some(200..=299) if end == answer.len() => Ok(true),
            Some(200..=299) | None => Err(unreadable()),
            Some(407) => Err(Denied::Login { proxy, target }),
            Some(status) => Err(Denied::Refused { proxy, target, status }),
        }
    }

    /// The connection ended, or broke, before the answer was whole.
    #[must_use]
    pub fn broken(&self) -> Denied {
        Denied::Unreadable(self.proxy.name())
    }
}
