//! Why nothing answered, in one plain sentence and with what to do: read out of the errors of the HTTP, TLS and websocket
//! libraries, whose own words are for logs. Not here: what a deployment answers.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::stream::StreamError;

/// Longest text of another program's library that is shown.
const MAX_TEXT: usize = 200;
/// How the standard library begins what the system's resolver said.
const LOOKUP: &str = "failed to lookup address information";
/// What resolvers say when nobody answered them.
const NOT_NOW: [&str; 2] = ["Temporary failure", "Try again"];

/// Why nothing answered. Shown behind "cannot reach …: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The host is there, and nobody listens.
    #[error("nothing listens there (connection refused)")]
    Refused,
    /// The resolver knows no such host.
    #[error("its name is not found")]
    NoName,
    /// The resolver was not answered itself.
    #[error("its name cannot be looked up, because no name server answers")]
    NoNameServer,
    /// Silence, in one of our limits or the system's.
    #[error("it does not answer in time")]
    TimedOut,
    /// No route, or a router says so.
    #[error("no network leads there")]
    NoRoute,
    /// It was connected.
    #[error("the connection broke off")]
    Broken,
    /// Signed by nobody whom this system trusts.
    #[error("its certificate is not trusted (this system does not know who signed it)")]
    UnknownIssuer,
    /// Expired, or not valid yet, by this computer's clock.
    #[error("its certificate is not valid now (it expired, or this computer's clock is wrong)")]
    Expired,
    /// For other host names.
    #[error("its certificate is for another name")]
    OtherName,
    /// Wrong in another way.
    #[error("its certificate is not accepted ({0})")]
    Certificate(String),
    /// Something else than TLS was spoken.
    #[error("it does not speak HTTPS there")]
    NotTls,
    /// Something else than HTTP was spoken.
    #[error("it does not speak HTTP there")]
    NotHttp,
    /// The way leads by an HTTP proxy that cannot be used.
    #[error("the HTTP proxy {0} leads there and cannot be used: {1}")]
    Proxy(String, Box<Cause>),
    /// Anything else, in the words of a library.
    #[error("{0}")]
    Other(String),
}

impl Cause {
    /// Reads an error and all that it came from.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut last = error;
        for layer in std::iter::successors(Some(error), |layer| inner(*layer)) {
            if let Some(cause) = of_layer(layer) {
                return cause;
            }
            last = layer;
        }
        let text = last.to_string();
        Self::Other(text.chars().take(MAX_TEXT).map(|letter| if letter.is_control() { ' ' } else { letter }).collect())
    }

    /// Whether it is about the way, and not about who is at its end.
    pub(crate) fn is_about_the_way(&self) -> bool {
        matches!(self, Self::Refused | Self::NoName | Self::NoNameServer | Self::TimedOut | Self::NoRoute)
    }

    /// What the person can do.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Refused => "check that it runs and that its address is right (`homeport server` starts one here)",
            Self::NoName => "check how the address is spelled, and whether its network needs a VPN",
            Self::NoNameServer => "check this computer's network",
            Self::TimedOut => "check your network, and a proxy or firewall in the way",
            Self::NoRoute => "check this computer's network, and whether the address needs a VPN",
            Self::Broken => "try again; if it happens again, look at its log and at a proxy in the way",
            Self::UnknownIssuer => {
                "if it has a certificate authority of its own, install that one in this system; else do not trust it"
            }
            Self::Expired => "check this computer's clock, then ask its administrator to renew the certificate",
            Self::OtherName | Self::Certificate(_) => "use the address that its administrator gave out",
            Self::NotTls => "check the port, and whether the address begins with http://",
            Self::NotHttp => "check the port, and whether the address begins with https://",
            Self::Proxy(..) => "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
            Self::Other(_) => "check that its address is right and that it runs",
        }
    }
}

/// What an error came from. One of the system's kind that only carries another names that one's source as its own.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(carried) => Some(carried),
        None => error.source(),
    }
}

/// What this layer alone says; `None` when it only says that something was wrong below.
fn of_layer(error: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return of_system(error);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    if let Some(error) = error.downcast_ref::<StreamError>() {
        return match error {
            StreamError::Proxy(name, error) => Some(Cause::Proxy(name.clone(), Box::new(Cause::of(error)))),
            StreamError::Connect(_) => None,
            other => Some(Cause::Other(other.to_string())),
        };
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        // Who speaks before it is asked, as SSH servers do: the library has no question for that.
        if error.source().is_some_and(|source| source.to_string().contains("unexpected message")) {
            return Some(Cause::NotHttp);
        }
        let is_broken = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        return if is_broken { Some(Cause::Broken) } else { error.is_parse().then_some(Cause::NotHttp) };
    }
    if let Some(error) = error.downcast_ref::<tokio_tungstenite::tungstenite::Error>() {
        use tokio_tungstenite::tungstenite::Error as Socket;
        use tokio_tungstenite::tungstenite::error::ProtocolError as Broke;
        return match error {
            Socket::ConnectionClosed | Socket::AlreadyClosed => Some(Cause::Broken),
            Socket::Protocol(Broke::ResetWithoutClosingHandshake | Broke::HandshakeIncomplete) => Some(Cause::Broken),
            Socket::Protocol(Broke::HttparseError(_)) | Socket::HttpFormat(_) => Some(Cause::NotHttp),
            _ => None,
        };
    }
    let is_late = error.is::<tokio::time::error::Elapsed>()
        || error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
    is_late.then_some(Cause::TimedOut)
}

fn of_system(error: &io::Error) -> Option<Cause> {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Some(Cause::Refused),
        Kind::TimedOut => Some(Cause::TimedOut),
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Some(Cause::NoRoute),
        Kind::NotFound if error.get_ref().is_none() => Some(Cause::NoName),
        // What it carries may say it better.
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
            if error.get_ref().is_none_or(|carried| !carried.is::<rustls::Error>()) =>
        {
            Some(Cause::Broken)
        }
        _ => {
            let text = error.to_string();
            let is_later = NOT_NOW.iter().any(|words| text.contains(words));
            text.starts_with(LOOKUP).then_some(if is_later { Cause::NoNameServer } else { Cause::NoName })
        }
    }
}

fn of_tls(error: &rustls::Error) -> Cause {
    use CertificateError as Of;
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            Of::UnknownIssuer => Cause::UnknownIssuer,
            Of::Expired | Of::ExpiredContext { .. } | Of::NotValidYet | Of::NotValidYetContext { .. } => Cause::Expired,
            Of::NotValidForName | Of::NotValidForNameContext { .. } => Cause::OtherName,
            other => Cause::Certificate(other.to_string().chars().take(MAX_TEXT).collect()),
        },
        rustls::Error::InvalidMessage(_) => Cause::NotTls,
        other => Cause::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
