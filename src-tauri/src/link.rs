//! Links that open something here: `homeport://<deployment>/v0/open/ws/<workspace>/agent/<daemon>/rdp`, with
//! `?username=&password=` (spec `coder-connect.md` 4.1). Pure: read here, asked about in `state.rs`, opened in `open.rs`.
//!
//! A link comes from anywhere. What is not exactly this form is refused, and no part of its query is ever repeated.

use proto::secret::Secret;
use url::Url;

/// Our own scheme.
pub const SCHEME: &str = "homeport";
/// The scheme of the field, which its own program opens unless a person chose otherwise.
pub const CODER_SCHEME: &str = "coder";
/// Longer links are refused unread: names have 32 characters, passwords some hundred.
const MAX_LENGTH: usize = 8 * 1024;
/// Longest user name, and longest password.
const MAX_VALUE: usize = 512;

/// A remote desktop that a link asks for.
#[derive(Debug, Clone)]
pub struct Link {
    /// The deployment as host, or host and port, in small letters.
    pub host: String,
    pub workspace: String,
    pub daemon: String,
    pub user: Option<String>,
    pub password: Option<Secret>,
}

/// Why a link is refused. The texts are for people and hold nothing of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("the link is too long")]
    TooLong,
    #[error("the link is not a homeport:// link")]
    Foreign,
    #[error("coder:// links are opened by Homeport only where Settings says so")]
    Coder,
    #[error("the link does not name a deployment")]
    Host,
    #[error("the link asks for something that this version does not know")]
    Unknown,
    #[error("the link names a workspace or a workspace daemon that cannot exist")]
    Name,
    #[error("the link has parts that are not allowed in it")]
    Query,
}

/// Reads a link; one of the scheme `coder` only where that was chosen.
///
/// # Errors
/// [`LinkError`].
pub fn parse(text: &str, takes_coder: bool) -> Result<Link, LinkError> {
    if text.len() > MAX_LENGTH {
        return Err(LinkError::TooLong);
    }
    let url = Url::parse(text).map_err(|_| LinkError::Foreign)?;
    match url.scheme() {
        _ if url.cannot_be_a_base() => return Err(LinkError::Foreign),
        SCHEME => {}
        CODER_SCHEME if takes_coder => {}
        CODER_SCHEME => return Err(LinkError::Coder),
        _ => return Err(LinkError::Foreign),
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(LinkError::Query);
    }
    let host = url.host_str().filter(|host| is_host(host)).ok_or(LinkError::Host)?.to_ascii_lowercase();
    let host = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let segments: Vec<&str> = url.path_segments().ok_or(LinkError::Unknown)?.collect();
    let ["v0", "open", "ws", workspace, "agent", daemon, "rdp"] = segments[..] else { return Err(LinkError::Unknown) };
    let (workspace, daemon) = (decode(workspace)?, decode(daemon)?);
    if !is_name(&workspace) || !is_name(&daemon) {
        return Err(LinkError::Name);
    }
    let (mut user, mut password) = (None, None);
    for (key, value) in url.query_pairs() {
        if value.chars().count() > MAX_VALUE || value.chars().any(char::is_control) {
            return Err(LinkError::Query);
        }
        match &*key {
            "username" if user.is_none() => user = Some(value.into_owned()),
            "password" if password.is_none() => password = Some(Secret::new(value.into_owned())),
            _ => return Err(LinkError::Query),
        }
    }
    let user = user.filter(|user| !user.is_empty());
    if user.as_deref().is_some_and(|user| user.starts_with(['-', '/'])) {
        return Err(LinkError::Query);
    }
    let password = password.filter(|password| !password.expose().is_empty());
    Ok(Link { host, workspace, daemon, user, password })
}

/// What workspaces and daemons may be called: nothing that a program could take for an option or a path.
pub fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(is_letter) && !name.starts_with(['-', '.'])
}

/// What hosts may be called; addresses of IPv6 in brackets.
pub fn is_host(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | ':' | '_');
    (1..=255).contains(&inner.len()) && inner.chars().all(is_letter) && !inner.starts_with('-')
}

/// Undoes percent escapes once; the URL library does it for queries only.
fn decode(segment: &str) -> Result<String, LinkError> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return Err(LinkError::Name) };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return Err(LinkError::Name) };
        bytes.push(high << 4 | low);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| LinkError::Name)
}

#[cfg(test)]
mod tests;
