//! The door of the listener: which `Host` a request may name, which page may have sent it, and as what a browser must
//! declare a body. Pure rules and two layers.
//!
//! A web page can make a browser send requests to this computer under the page's own host name (DNS rebinding). Those
//! requests carry that name in `Host`, so only names that are ours are answered.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, ORIGIN, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

use proto::rest::{SESSION_COOKIE, SESSION_HEADER};

use super::error::ApiError;
use crate::state::AppState;

/// Answers 403 to a request for a host that is not ours.
pub async fn check_host(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let own = state.access_url.host_str().unwrap_or_default();
    let host = requested_host(request.headers(), request.uri());
    if host.as_deref().is_some_and(|host| is_ours(host, own, &state.config.listen)) {
        return next.run(request).await;
    }
    ApiError::new(StatusCode::FORBIDDEN, "This host name is not served here.")
        .with_detail("Use the access URL that the server printed when it started.")
        .into_response()
}

/// Answers 415 to a body from a browser that is not declared as JSON. Any page can make a browser send a form or plain text
/// here, with our cookie; to send JSON it must ask us first, which we never allow. Programs that bring their token in a
/// header are as free as ever.
pub async fn check_kind(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if is_from_browser(headers) && has_body(headers) && !is_json(headers) {
        return ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The request body must be declared as JSON.")
            .with_detail("Send it with `Content-Type: application/json`, or bring a token in a header.")
            .into_response();
    }
    next.run(request).await
}

/// Whether nothing but a browser's own headers may open anything for this request.
fn is_from_browser(headers: &HeaderMap) -> bool {
    let brings = |name: &str| headers.get(name).is_some_and(|value| !value.is_empty());
    // As `identity` looks for tokens: the header counts before the cookie, the cookie before the bearer.
    !brings(SESSION_HEADER)
        && (cookie(headers, SESSION_COOKIE).is_some()
            || (headers.contains_key(ORIGIN) && !headers.contains_key(AUTHORIZATION)))
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next(), kinds.next()) else { return false };
    let kind = kind.to_str().ok().and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// The value of a cookie.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Whether an origin is the server that the request itself names.
#[must_use]
pub fn same_origin(origin: &HeaderValue, headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(authority) = authority(headers, uri) else { return false };
    let Ok(origin) = origin.to_str() else { return false };
    let Some((scheme, rest)) = origin.split_once("://") else { return false };
    matches!(scheme, "http" | "https") && rest.eq_ignore_ascii_case(&authority)
}

fn authority(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    match uri.authority() {
        Some(authority) => Some(authority.to_string()),
        None => headers.get(HOST)?.to_str().ok().map(str::to_owned),
    }
}

/// The host without its port, in lower case, IPv6 without brackets.
fn requested_host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let authority: http::uri::Authority = authority(headers, uri)?.parse().ok()?;
    Some(authority.host().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase())
}

/// Loopback names, the access URL's host, and the address on which the server was told to listen.
fn is_ours(host: &str, access_url_host: &str, listen: &std::net::SocketAddr) -> bool {
    if host == "localhost" || host.eq_ignore_ascii_case(access_url_host.trim_matches(['[', ']'])) {
        return true;
    }
    let Ok(address) = host.parse::<std::net::IpAddr>() else { return false };
    // Listening beyond loopback was asked for by the owner; an address cannot be rebound like a name.
    address.is_loopback() || !listen.ip().is_loopback()
}

#[cfg(test)]
mod tests;
