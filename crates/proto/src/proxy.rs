//! Which HTTP proxy leads to a host, from the customary variables `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, and what is
//! said to it ([`connect`]). Used for the control connection and for relays, so that both take the same way. Not here:
//! who reads the environment, the connection itself, and plain requests (the REST client knows proxies by itself).

use std::net::{IpAddr, Ipv6Addr};

use base64::Engine;

use crate::secret::Secret;

pub mod connect;
#[cfg(test)]
mod tests;

/// Most entries of `NO_PROXY` that are read: each host is compared with all of them.
const MAX_EXCEPTIONS: usize = 256;

/// The proxies of this machine. The default is none.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    http: Option<Result<Proxy, ProxyError>>,
    https: Option<Result<Proxy, ProxyError>>,
    except: Vec<Exception>,
}

/// One proxy. Its login is in no `Debug` and no error.
#[derive(Debug, Clone)]
pub struct Proxy {
    is_encrypted: bool,
    host: String,
    port: u16,
    /// Value of `Proxy-Authorization`.
    login: Option<Secret>,
}

/// Why a proxy cannot be used. The value itself is not shown: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyError {
    /// The value is no URL.
    #[error("{0} is not the URL of a proxy; it must look like http://proxy.example:3128")]
    Url(&'static str),
    /// SOCKS and others.
    #[error("{0} names a kind of proxy that is not supported; only http:// and https:// proxies are")]
    Scheme(&'static str),
}

/// Who is reached without a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    Everybody,
    Network { address: IpAddr, prefix: u8, port: Option<u16> },
    Name { name: String, is_below_only: bool, port: Option<u16> },
}

impl Proxies {
    /// Reads the variables, each in capitals or, when that is absent or empty, in small letters.
    #[must_use]
    pub fn from_variables(read: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| {
            let found = |name: &str| read(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            found(name).or_else(|| found(&name.to_lowercase()))
        };
        let proxy = |name: &'static str| value(name).map(|text| Proxy::parse(name, &text));
        let except = value("NO_PROXY").unwrap_or_default();
        Self {
            http: proxy("HTTP_PROXY"),
            https: proxy("HTTPS_PROXY"),
            except: except.split([',', ' ']).filter_map(Exception::parse).take(MAX_EXCEPTIONS).collect(),
        }
    }

    /// The proxy for a host; none for this machine itself.
    ///
    /// # Errors
    /// [`ProxyError`] when a proxy is named that cannot be used: to go without it would be a way that nobody chose.
    pub fn of(&self, host: &str, port: u16, is_encrypted: bool) -> Result<Option<&Proxy>, ProxyError> {
        let proxy = if is_encrypted { &self.https } else { &self.http };
        let Some(proxy) = proxy else { return Ok(None) };
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        if is_here || self.except.iter().any(|exception| exception.covers(&host, address, port)) {
            return Ok(None);
        }
        proxy.as_ref().map(Some).map_err(|error| *error)
    }
}

impl Proxy {
    fn parse(variable: &'static str, text: &str) -> Result<Self, ProxyError> {
        let wrong = |_| ProxyError::Url(variable);
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = url::Url::parse(&text).map_err(wrong)?;
        let is_encrypted = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(ProxyError::Scheme(variable)),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ProxyError::Url(variable))?;
        let port = url.port_or_known_default().ok_or(ProxyError::Url(variable))?;
        let login = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let mut login = unescape(url.username());
            login.push(b':');
            login.extend(unescape(url.password().unwrap_or_default()));
            Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login)))
        });
        Ok(Self { is_encrypted, host: host.trim_matches(['[', ']']).to_owned(), port, login })
    }

    /// Whether it wants TLS to itself.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Its name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How errors name it.
    #[must_use]
    pub fn name(&self) -> String {
        with_port(&self.host, self.port)
    }
}

/// Host and port as URLs write them.
#[must_use]
pub fn with_port(host: &str, port: u16) -> String {
    match host.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]:{port}"),
        Err(_) => format!("{host}:{port}"),
    }
}

/// Undoes percent encoding, which URLs need for special characters of a password.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(decoded) => {
                plain.push(decoded);
                at += 3;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    plain
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Self::Everybody);
        }
        if let Some((address, prefix)) = text.split_once('/') {
            let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= longest(address))?;
            return Some(Self::Network { address, prefix, port: None });
        }
        let single = |address: IpAddr, port| Self::Network { address, prefix: longest(address), port };
        if let Ok(address) = text.trim_matches(['[', ']']).parse() {
            return Some(single(address, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port.parse().ok()?)),
            None => (text, None),
        };
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Some(single(address, port));
        }
        let below = host.strip_prefix("*.").or_else(|| host.strip_prefix('.'));
        let is_below_only = below.is_some();
        Some(Self::Name { name: below.unwrap_or(&host).to_owned(), is_below_only, port })
    }

    fn covers(&self, host: &str, address: Option<IpAddr>, to: u16) -> bool {
        match self {
            Self::Everybody => true,
            Self::Network { address: network, prefix, port } => {
                port.is_none_or(|port| port == to) && address.is_some_and(|host| shares(host, *network, *prefix))
            }
            Self::Name { name, is_below_only, port } => {
                let below = host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
                port.is_none_or(|port| port == to) && (below || (!is_below_only && host == name))
            }
        }
    }
}

fn longest(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether two addresses agree in their first bits.
fn shares(a: IpAddr, b: IpAddr, prefix: u8) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
        IpAddr::V6(address) => u128::from(address),
    };
    a.is_ipv4() == b.is_ipv4() && (bits(a) ^ bits(b)).checked_shr(128 - u32::from(prefix)).unwrap_or(0) == 0
}
