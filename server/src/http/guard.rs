//! The door of the listener: which `Host` a request may name, and which page may have sent it. Pure rules and a layer.
//!
//! A web page can make a browser send requests to this computer under the page's own host name (DNS rebinding). Those
//! requests carry that name in `Host`, so only names that are ours are answered.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::HOST;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

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
