//! Which file a path means, and how it is sent.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write as _;

use axum::body::to_bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{Chosen, File, POLICY, answer, choose};

const CONTENT: &str = "<!doctype html>";

fn file(path: &'static str) -> File {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(CONTENT.as_bytes()).unwrap();
    File { path, etag: "\"abc\"", gzip: gzip.finish().unwrap().leak() }
}

#[test]
fn paths_mean_files_pages_or_nothing() {
    let built = [file("/index.html"), file("/assets/index-1a.js"), file("/favicon.svg")];
    let rows = [
        ("/", "/index.html", "no dashboard"),
        ("/workspaces", "/index.html", "nothing"),
        ("/@me/box/terminal", "/index.html", "nothing"),
        ("/cli-auth", "/index.html", "no dashboard"),
        ("/sign-in", "/index.html", "no dashboard"),
        ("/assets/index-1a.js", "/assets/index-1a.js", "nothing"),
        ("/assets/index-0f.js", "nothing", "nothing"),
        ("/assets/../index.html", "nothing", "nothing"),
        ("/favicon.svg", "/favicon.svg", "nothing"),
        ("/api", "nothing", "nothing"),
        ("/api/v2/nothing", "nothing", "nothing"),
        ("/bin/coder-linux-riscv", "nothing", "nothing"),
        ("/derp/other", "nothing", "nothing"),
    ];
    for (path, with, without) in rows {
        for (files, expect) in [(&built[..], with), (&[], without)] {
            let chosen = match choose(files, path) {
                Chosen::File(file) => file.path,
                Chosen::NoDashboard => "no dashboard",
                Chosen::Nothing => "nothing",
            };
            assert_eq!(chosen, expect, "{path} of {} files", files.len());
        }
    }
}

fn asked(rows: &[(HeaderName, &'static str)]) -> HeaderMap {
    rows.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

#[tokio::test]
async fn a_file_is_sent_as_it_was_asked_for() {
    let rows = [
        (asked(&[]), StatusCode::OK, false),
        (asked(&[(ACCEPT_ENCODING, "br, gzip;q=0.8")]), StatusCode::OK, true),
        (asked(&[(ACCEPT_ENCODING, "gzip;q=0")]), StatusCode::OK, false),
        (asked(&[(IF_NONE_MATCH, "\"other\"")]), StatusCode::OK, false),
        (asked(&[(IF_NONE_MATCH, "\"other\", W/\"abc\"")]), StatusCode::NOT_MODIFIED, false),
    ];
    for (headers, status, is_compressed) in rows {
        let file = file("/index.html");
        let response = answer(&file, &headers);
        let (head, body) = response.into_parts();
        assert_eq!(head.status, status, "{headers:?}");
        assert_eq!(head.headers[ETAG], "\"abc\"");
        assert_eq!(head.headers[CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(head.headers.get(CONTENT_ENCODING).is_some(), is_compressed, "{headers:?}");
        let body = to_bytes(body, 1024).await.unwrap();
        match status {
            StatusCode::NOT_MODIFIED => assert!(body.is_empty()),
            _ if is_compressed => assert_eq!(&body[..], file.gzip),
            _ => assert_eq!(&body[..], CONTENT.as_bytes()),
        }
    }
}

#[test]
fn hashed_files_are_kept_for_ever_and_pages_are_not() {
    let rows = [
        ("/assets/a-1.js", "text/javascript; charset=utf-8", "immutable"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
    ];
    for (path, kind, cache) in rows {
        let response = answer(&file(path), &HeaderMap::new());
        assert_eq!(response.headers()[CONTENT_TYPE], kind);
        assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().contains(cache), "{path}");
    }
}
