//! Architecture as a test: the map in `docs/architecture.md`, the allowed arrows, the purity of what decides, the size
//! and the opening line of every file, version floors and forbidden words. Not here: behaviour of the product.
//!
//! Every rule is a function from a tree (or a text) to complaints, so that each has a control that breaks it on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/behaviour.rs"]
mod behaviour;
#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/map.rs"]
mod map;
#[path = "tidy/pure.rs"]
mod pure;
#[path = "tidy/words.rs"]
mod words;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A source file: path relative to the tree, and its text.
struct Source {
    path: String,
    text: String,
}

/// Every file below `root` with one of these endings, without build output and vendored code.
fn sources(root: &Path, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                let skipped = name.starts_with('.') || ["target", "node_modules", "corpus"].contains(&name.as_str());
                if !skipped {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                let path = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn assert_tidy(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// A small tree that breaks one rule.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}
