//! Lists a folder, for programs that let a person pick one from afar. Shows what the daemon's user may see, nothing more.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::failure::{Failure, Json};
use crate::os::user::Account;

/// Most entries of an answer: more than a person scrolls through, and about 2 MB.
const MAX_ENTRIES: usize = 10_000;

/// Which folder.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListRequest {
    path: Option<Vec<String>>,
    relativity: Relativity,
}

/// What the path starts at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Relativity {
    #[default]
    Root,
    Home,
}

/// A folder's content.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct ListAnswer {
    absolute_path: Vec<String>,
    absolute_path_string: String,
    contents: Vec<Entry>,
}

/// A file or folder in it.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub struct Entry {
    name: String,
    absolute_path_string: String,
    is_dir: bool,
}

/// `POST /api/v0/list-directory`.
pub async fn list(Json(request): Json<ListRequest>) -> Result<Json<ListAnswer>, Failure> {
    let listed = tokio::task::spawn_blocking(move || read(&request, &Account::current().home)).await;
    listed.map_err(|_| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "The folder cannot be listed."))?.map(Json)
}

fn read(request: &ListRequest, home: &Path) -> Result<ListAnswer, Failure> {
    let folder = resolve(request, home);
    let entries = std::fs::read_dir(&folder).map_err(|error| failure(&error))?;
    let mut contents: Vec<Entry> = entries
        .filter_map(Result::ok)
        .take(MAX_ENTRIES)
        .map(|entry| Entry {
            name: text(&entry.file_name()),
            absolute_path_string: text(entry.path().as_os_str()),
            // Follows links: a link to a folder can be opened like one.
            is_dir: entry.path().is_dir(),
        })
        .collect();
    contents.sort_by(|one, other| (!one.is_dir, &one.name).cmp(&(!other.is_dir, &other.name)));
    let parts = folder.components().filter_map(|component| match component {
        Component::Normal(name) => Some(text(name)),
        _ => None,
    });
    Ok(ListAnswer { absolute_path: parts.collect(), absolute_path_string: text(folder.as_os_str()), contents })
}

/// An absolute path without `.` and `..`; a leading separator in a part does not start over.
fn resolve(request: &ListRequest, home: &Path) -> PathBuf {
    let mut path = match request.relativity {
        Relativity::Root => PathBuf::from("/"),
        Relativity::Home => home.to_owned(),
    };
    for part in request.path.iter().flatten() {
        for component in Path::new(part).components() {
            match component {
                Component::Normal(name) => path.push(name),
                Component::ParentDir => {
                    path.pop();
                }
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }
    path
}

fn text(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn failure(error: &std::io::Error) -> Failure {
    use std::io::ErrorKind;
    let (status, message) = match error.kind() {
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "There is no such folder."),
        ErrorKind::PermissionDenied => (StatusCode::FORBIDDEN, "This folder may not be read."),
        ErrorKind::NotADirectory => (StatusCode::BAD_REQUEST, "This is not a folder."),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "The folder cannot be listed."),
    };
    Failure::new(status, message).because(error)
}

#[cfg(test)]
mod tests;
