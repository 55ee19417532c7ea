//! The files of the dashboard (package `ui`), embedded: which one a path means, and the headers that go with it. The rules
//! are pure. Not here: what a page may do, which the REST routes decide.

use std::io::Read as _;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::error::ApiError;
use super::page;
use crate::state::AppState;

/// One file as the build embedded it.
pub(super) struct File {
    /// With its leading slash.
    path: &'static str,
    etag: &'static str,
    gzip: &'static [u8],
}

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// Nothing inline, nothing from elsewhere, in no frame. `connect-src` includes our own websockets.
pub const POLICY: &str = "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; \
     script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'; frame-ancestors 'none'; \
     worker-src 'none'";

/// Paths that programs use: a page in their place would hide a mistake.
const FOR_PROGRAMS: [&str; 4] = ["/api/", "/bin/", "/derp", "/healthz"];
/// Where Vite puts files whose names change with their content.
const HASHED: &str = "/assets/";

/// Whether this server was built with its pages.
pub(super) fn is_built() -> bool {
    matches!(choose(FILES, "/"), Chosen::File(_))
}

/// What answers where no route does: a file, the dashboard's page, or a 404.
pub(super) async fn serve(State(state): State<AppState>, request: Request) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match choose(FILES, request.uri().path()) {
        Chosen::File(file) if is_read => answer(file, request.headers()),
        Chosen::NoDashboard if is_read => page::sign_in_elsewhere(&state),
        Chosen::File(_) | Chosen::NoDashboard => {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "This method is not allowed here.").into_response()
        }
        Chosen::Nothing => ApiError::new(StatusCode::NOT_FOUND, "Route not found.").into_response(),
    }
}

/// What a path means.
#[derive(Clone, Copy)]
enum Chosen<'f> {
    File(&'f File),
    /// A page of a dashboard that was not built.
    NoDashboard,
    Nothing,
}

/// A file by its path, or the one page for every path that the dashboard itself understands.
fn choose<'f>(files: &'f [File], path: &str) -> Chosen<'f> {
    if FOR_PROGRAMS.iter().any(|prefix| path.starts_with(prefix)) || path == "/api" {
        return Chosen::Nothing;
    }
    if let Some(file) = files.iter().find(|file| file.path == path) {
        return Chosen::File(file);
    }
    // A file that an older page asks for is not a page: the dashboard sees the 404 and loads itself again.
    if path.starts_with(HASHED) {
        return Chosen::Nothing;
    }
    match files.iter().find(|file| file.path == "/index.html") {
        Some(index) => Chosen::File(index),
        None if matches!(path, "/" | "/cli-auth" | "/sign-in") => Chosen::NoDashboard,
        None => Chosen::Nothing,
    }
}

fn answer(file: &File, asked: &HeaderMap) -> Response {
    let is_hashed = file.path.starts_with(HASHED);
    let cache = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::ETAG, file.etag);
    set(header::CACHE_CONTROL, cache);
    set(header::VARY, "accept-encoding");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    if lists(asked, &header::IF_NONE_MATCH, file.etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    set(header::CONTENT_TYPE, kind(file.path));
    if lists(asked, &header::ACCEPT_ENCODING, "gzip") {
        set(header::CONTENT_ENCODING, "gzip");
        return (headers, file.gzip).into_response();
    }
    let mut plain = Vec::new();
    match flate2::read::GzDecoder::new(file.gzip).read_to_end(&mut plain) {
        Ok(_) => (headers, plain).into_response(),
        Err(error) => {
            tracing::error!(%error, path = file.path, "an embedded file is damaged");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "This server's program is damaged. Install it again.")
                .into_response()
        }
    }
}

/// Whether a header's list names a word; parameters such as `;q=0.5` are ignored, a weak etag counts as its strong one.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    let mut items = lines.flat_map(|line| line.split(','));
    items.any(|item| {
        let (item, parameters) = item.split_once(';').unwrap_or((item, ""));
        item.trim().trim_start_matches("W/") == word && parameters.trim() != "q=0"
    })
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
