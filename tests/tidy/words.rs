//! Words that must not be in committed files: sleeping tests, secrets that compare in plain time, unsafe code outside
//! its rooms, places of one machine.

use std::path::Path;

use super::{assert_tidy, root, sources, tree};

/// Folders in which `unsafe` may stand, each time with its reason.
const UNSAFE_ROOMS: &[&str] =
    &["crates/mesh/src/driver", "daemon/src/os", "server/src/os", "src-tauri/tunnel/src/os", "tests/src/lab"];
/// Places of one machine. Split so that this file passes its own rule.
const PLACES: &[&str] = &[concat!("/wo", "rk/"), concat!("index.crates", ".io"), concat!("proxy.gol", "ang")];

fn complaints(root: &Path) -> Vec<String> {
    let mut complaints = Vec::new();
    let endings = [".rs", ".go", ".md", ".toml", ".sql", ".yml", "Makefile", "run", ".mod", ".sum", ".lock", ".sh"];
    for Source { path, number, line } in lines(root, &endings) {
        let mut complain = |what: &str| complaints.push(format!("{path}:{number}: {what}"));
        if PLACES.iter().any(|place| line.contains(place)) {
            complain("names a place of one machine");
        }
        if !path.ends_with(".rs") || line.trim_start().starts_with("//") || path.starts_with("tests/tidy") {
            continue;
        }
        if line.contains("thread::sleep") {
            complain("never sleep: wait for the event");
        }
        let unsafe_use = line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe impl");
        if unsafe_use && !UNSAFE_ROOMS.iter().any(|room| path.starts_with(room)) {
            complain("unsafe code outside mesh/driver and os folders");
        }
        if path == "crates/proto/src/secret.rs" && line.contains("PartialEq") {
            complain("secrets compare by ct_eq only");
        }
    }
    complaints
}

struct Source {
    path: String,
    number: usize,
    line: String,
}

fn lines(root: &Path, endings: &[&str]) -> Vec<Source> {
    let mut lines = Vec::new();
    for source in sources(root, endings) {
        for (number, line) in source.text.lines().enumerate() {
            lines.push(Source { path: source.path.clone(), number: number + 1, line: line.to_owned() });
        }
    }
    lines
}

#[test]
fn no_forbidden_words() {
    assert_tidy(&complaints(&root()));
}

#[test]
fn a_forbidden_word_is_red() {
    let check = |path: &str, text: &str, expect: usize| {
        let found = complaints(tree(&[(path, text)]).path());
        assert_eq!(found.len(), expect, "{path} {text}: {found:?}");
    };
    check("docs/a.md", &format!("see {}main", PLACES[0]), 1);
    check("a/src/b.rs", "std::thread::sleep(d);", 1);
    check("a/src/b.rs", "// std::thread::sleep(d);", 0);
    check("a/src/b.rs", "unsafe { x() }", 1);
    check("daemon/src/os/linux.rs", "unsafe { x() }", 0);
    check("crates/proto/src/secret.rs", "#[derive(PartialEq)]", 1);
}
