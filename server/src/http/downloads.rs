//! What a new machine fetches to become a workspace: the script, and the program itself.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response as HttpResponse};
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use sha1::{Digest as _, Sha1};
use tokio::io::AsyncReadExt as _;

use super::body::Path;
use super::error::{ApiError, ApiResult};
use super::routes::{Routes, get};
use crate::builds::provision::daemon_binary;
use crate::init_script;
use crate::state::AppState;

/// Bytes of a file that are in memory at a time.
const CHUNK: usize = 128 * 1024;

/// The hash of the served program, for as long as the file is the same.
#[derive(Default)]
pub struct Hashed(std::sync::Mutex<Option<Fingerprint>>);

#[derive(Clone)]
struct Fingerprint {
    path: PathBuf,
    length: u64,
    changed: Option<SystemTime>,
    etag: Arc<str>,
}

pub(super) fn routes() -> Routes {
    Routes::new().route("/api/v2/init-script/{os}/{arch}", get(script)).route("/bin/{file}", get(binary))
}

async fn script(State(state): State<AppState>, Path((os, arch)): Path<(String, String)>) -> ApiResult<HttpResponse> {
    let Some(text) = init_script::render(&os, &arch, state.access_url.as_str()) else {
        return Err(ApiError::bad_request(format!("Unknown os/arch: {os}/{arch}")));
    };
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The program of this machine; a server carries no others.
async fn binary(
    State(state): State<AppState>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> ApiResult<HttpResponse> {
    let own = format!("coder-{}-{}", std::env::consts::OS, init_script::own_arch());
    let path = daemon_binary(&state).filter(|path| file == own && path.is_file()).ok_or_else(ApiError::not_found)?;
    let hashing = state.clone();
    let hashed = tokio::task::spawn_blocking(move || hashing.hashed.of(path)).await;
    let found = hashed.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(|error| {
        tracing::error!(%error, "the program for workspaces cannot be read");
        ApiError::not_found()
    })?;
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.to_str().is_ok_and(|known| known.split(',').any(|one| one.trim() == &*found.etag)));
    let etag = [(header::ETAG, found.etag.to_string())];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, etag).into_response());
    }
    let open = tokio::fs::File::open(&found.path).await.map_err(|_| ApiError::not_found())?;
    let chunks = stream::try_unfold(open, |mut open| async move {
        let mut chunk = vec![0; CHUNK];
        let read = open.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((chunk, open)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, found.length.to_string()),
    ];
    Ok((etag, headers, Body::from_stream(chunks)).into_response())
}

impl Hashed {
    fn of(&self, path: PathBuf) -> std::io::Result<Fingerprint> {
        let meta = std::fs::metadata(&path)?;
        let (length, changed) = (meta.len(), meta.modified().ok());
        let lock = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_same = |one: &&Fingerprint| one.path == path && one.length == length && one.changed == changed;
        if let Some(known) = lock().as_ref().filter(is_same) {
            return Ok(known.clone());
        }
        let (mut open, mut hash, mut chunk) = (std::fs::File::open(&path)?, Sha1::new(), vec![0; CHUNK]);
        loop {
            match open.read(&mut chunk)? {
                0 => break,
                read => hash.update(&chunk[..read]),
            }
        }
        let etag = format!("\"{}\"", hex::encode(hash.finalize())).into();
        let found = Fingerprint { path, length, changed, etag };
        *lock() = Some(found.clone());
        Ok(found)
    }
}
