//! The daemon's own log over HTTP, for support bundles: the end of the newest file, or all since a time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Query, State};
use http::{StatusCode, header};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Api;
use super::failure::Failure;
use crate::own_log::{NAME, backups};

/// How much of the newest file is shown.
const MAX_TAIL: u64 = 10 * 1024 * 1024;
/// How much of all files is shown.
const MAX_ALL: u64 = 100 * 1024 * 1024;

/// From when on.
#[derive(Debug, Deserialize)]
pub struct LogQuery {
    after: Option<String>,
}

/// `GET /debug/logs`.
pub async fn tail(
    State(api): State<Arc<Api>>,
    Query(query): Query<LogQuery>,
) -> Result<([(header::HeaderName, &'static str); 1], Vec<u8>), Failure> {
    let after = query.after.as_deref().filter(|text| !text.is_empty());
    let after = after.map(|text| OffsetDateTime::parse(text, &Rfc3339)).transpose().map_err(|error| {
        Failure::new(StatusCode::BAD_REQUEST, "The time in \"after\" is not understood; write it as in RFC 3339.")
            .because(&error)
    })?;
    let folder = api.log_dir.clone();
    let read = tokio::task::spawn_blocking(move || read(&folder, after.map(SystemTime::from))).await;
    let text = read
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "The log cannot be read.").because(&error))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}

fn read(folder: &Path, after: Option<SystemTime>) -> io::Result<Vec<u8>> {
    let newest = folder.join(NAME);
    let Some(after) = after else { return read_end(&newest, MAX_TAIL) };
    let changed_since = |path: &PathBuf| {
        let changed = std::fs::metadata(path).and_then(|metadata| metadata.modified());
        changed.is_ok_and(|changed| changed >= after)
    };
    let older: Vec<PathBuf> = backups(folder)?.into_iter().filter(changed_since).collect();
    let mut parts = Vec::new();
    let mut left = MAX_ALL;
    for path in std::iter::once(&newest).chain(older.iter().rev()) {
        let part = read_end(path, left)?;
        left -= part.len() as u64;
        parts.push(part);
    }
    parts.reverse();
    Ok(parts.concat())
}

fn read_end(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
    let mut text = Vec::new();
    file.take(limit).read_to_end(&mut text)?;
    Ok(text)
}
