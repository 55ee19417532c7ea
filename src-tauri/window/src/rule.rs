//! Which calls a page may make. Pure.
//!
//! The webview is hostile ground: what runs there may be anybody's. So a session token never comes into it, neither the
//! one that is stored here nor a new one, and nothing it says leads out of the interface.

/// Longest path with its query, bytes.
const MAX_PATH: usize = 8 * 1024;
/// Longest body, bytes: a template's file is larger, and is not sent from a page.
const MAX_BODY: usize = 1024 * 1024;

/// What the pages ask for. Whatever else a server has is not for them: among it may be something that answers with a
/// token.
const CALLS: &[(&str, &str)] = &[
    ("GET", "buildinfo"),
    ("GET", "deployment/ssh"),
    ("GET", "debug/health"),
    ("GET", "homeport/sessions"),
    ("GET", "users"),
    ("GET", "users/*"),
    ("GET", "users/*/gitsshkey"),
    ("GET", "users/*/keys/tokens"),
    ("GET", "users/*/workspace/*"),
    ("GET", "users/*/workspace/*/builds/*"),
    ("GET", "organizations/*/templates/**"),
    ("GET", "templates/**"),
    ("GET", "templateversions/**"),
    ("GET", "workspaces"),
    ("GET", "workspaces/*"),
    ("GET", "workspaces/*/builds"),
    ("GET", "workspacebuilds/*"),
    ("GET", "workspacebuilds/*/timings"),
    ("GET", "workspaceagents/*/listening-ports"),
    ("POST", "users"),
    ("POST", "users/*/workspaces"),
    ("POST", "workspaces/*/builds"),
    ("PATCH", "workspaces/*"),
    ("PATCH", "workspacebuilds/*/cancel"),
    ("PUT", "workspaces/*/favorite"),
    ("PUT", "workspaces/*/autostart"),
    ("PUT", "workspaces/*/ttl"),
    ("PUT", "workspaces/*/extend"),
    ("PUT", "workspaces/*/autoupdates"),
    ("PUT", "users/*/password"),
    ("PUT", "users/*/status/suspend"),
    ("PUT", "users/*/status/activate"),
    ("DELETE", "workspaces/*/favorite"),
    ("DELETE", "users/*/keys/*"),
];
/// What they follow.
const STREAMS: &[&str] = &[
    "homeport/workspaces/watch",
    "workspaces/*/watch-ws",
    "workspacebuilds/*/logs",
    "workspaceagents/*/pty",
    "workspaceagents/*/logs",
    "workspaceagents/*/watch-metadata-ws",
];

/// A call that is not made, in the words of the error envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("This window makes no such call.")]
    Call,
    #[error("This is more than the window sends at once.")]
    Length,
    #[error("Tokens are made in the browser or with `homeport tokens create`: none comes into this window.")]
    Token,
    #[error(
        "This window has the session of this computer. Sign in and out with `homeport login` and `homeport logout`, or from the tray."
    )]
    Session,
}

/// Checks one call; gives the method.
///
/// # Errors
/// [`Refused`].
pub fn check(method: &str, path: &str, body: Option<&str>) -> Result<http::Method, Refused> {
    let method = match method {
        "GET" => http::Method::GET,
        "POST" => http::Method::POST,
        "PUT" => http::Method::PUT,
        "PATCH" => http::Method::PATCH,
        "DELETE" => http::Method::DELETE,
        _ => return Err(Refused::Call),
    };
    if body.is_some_and(|body| body.len() > MAX_BODY) {
        return Err(Refused::Length);
    }
    let segments = segments(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let is_made = CALLS.iter().any(|(made, pattern)| *made == method.as_str() && fits(pattern, &segments));
    if is_made { Ok(method) } else { Err(why_not(&segments)) }
}

/// Whether a pattern fits: `*` is any one word, `**` at the end any rest.
fn fits(pattern: &str, segments: &[&str]) -> bool {
    let mut rest = segments.iter();
    for word in pattern.split('/') {
        match (word, rest.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (word, Some(segment)) if word == *segment => {}
            _ => return false,
        }
    }
    rest.next().is_none()
}

fn why_not(segments: &[&str]) -> Refused {
    match segments {
        ["users", _, "keys", ..] => Refused::Token,
        ["users", "login" | "logout" | "first"] | ["homeport", ..] => Refused::Session,
        _ => Refused::Call,
    }
}

/// Checks the path of a stream.
///
/// # Errors
/// [`Refused`].
pub fn check_stream(path: &str) -> Result<(), Refused> {
    let segments = segments(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if STREAMS.iter().any(|pattern| fits(pattern, &segments)) { Ok(()) } else { Err(Refused::Call) }
}

/// The words between the slashes, unescaped, in small letters.
fn segments(path: &str) -> Result<Vec<String>, Refused> {
    if path.len() > MAX_PATH {
        return Err(Refused::Length);
    }
    let is_plain = |letter: char| letter.is_ascii_graphic() && !"#\\\"<>`{}|^".contains(letter);
    if !path.chars().all(is_plain) {
        return Err(Refused::Call);
    }
    let path = path.split('?').next().unwrap_or_default();
    let words = path.strip_prefix('/').ok_or(Refused::Call)?.split('/');
    words.map(|word| unescaped(word).ok_or(Refused::Call)).collect()
}

/// One word; `None` for what is read differently by different servers.
fn unescaped(word: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(rest.next())? * 16 + digit(rest.next())?;
        bytes.push(u8::try_from(value).ok()?);
    }
    let text = String::from_utf8(bytes).ok()?.to_ascii_lowercase();
    let is_one_word = !text.is_empty() && text != "." && text != "..";
    let is_plain = !text.chars().any(|letter| letter.is_control() || "/\\%;".contains(letter));
    (is_one_word && is_plain).then_some(text)
}

#[cfg(test)]
mod tests;
