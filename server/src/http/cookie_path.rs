//! Where a browser sends the cookie of a session: to a path that the page alone knows that signed in. What is asked at
//! `/at/<random>/api/…` is answered as `/api/…`.
//!
//! Browsers keep cookies by host and path, not by port. With the path `/` every program behind another port of our host (a
//! workspace's port on 127.0.0.1, say) was sent the session of who opens it. The random path is kept by the page's origin,
//! which has a port, and no other origin can read it. It opens nothing by itself: the cookie must come along.

use axum::extract::Request;
use http::{HeaderName, Uri};

use crate::token;

/// Says the path to the page that signed in.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-homeport-cookie-path");
/// What every such path begins with.
const PREFIX: &str = "/at/";
/// Characters behind it: 190 bits.
const LENGTH: usize = 32;

/// The path of one session's cookie: `/at/` and 32 random letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CookiePath(String);

impl CookiePath {
    /// A new one.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub(super) fn draw() -> std::io::Result<Self> {
        Ok(Self(format!("{PREFIX}{}", token::letters(LENGTH)?)))
    }

    /// As an attribute of the cookie.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request to the interface behind a cookie's path becomes one to the interface, and says by an extension where it came
/// from. Everything else stays as it is.
pub(super) fn lead<B>(mut request: Request<B>) -> Request<B> {
    let target = request.uri().path_and_query().and_then(|target| split(target.as_str()));
    let Some((path, rest)) = target else { return request };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = rest.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
        request.extensions_mut().insert(path);
    }
    request
}

/// The cookie's path, and what is behind it.
fn split(target: &str) -> Option<(CookiePath, &str)> {
    let (word, _) = target.strip_prefix(PREFIX)?.split_once('/')?;
    let (path, rest) = target.split_at(PREFIX.len() + word.len());
    let is_drawn = word.len() == LENGTH && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_drawn && rest.starts_with("/api/")).then(|| (CookiePath(path.to_owned()), rest))
}

#[cfg(test)]
mod tests;
