//! Size and shape of source files: one noun each, an opening line, unit tests beside and not inside.

use std::path::Path;

use super::{assert_tidy, root, sources, tree};

/// Longer files do not pass.
const LONGEST: usize = 800;
/// Longer files must say why in a line that starts with [`REASON`].
const LONG: usize = 500;
const REASON: &str = "//! Long because ";
/// Names under which things get lost.
const FORBIDDEN_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "shared", "misc", "types", "core"];

fn complaints(root: &Path) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources(root, &[".rs"]) {
        let path = &source.path;
        let lines = source.text.lines().count();
        if lines > LONGEST {
            complaints.push(format!("{path}: {lines} lines, {LONGEST} is the most"));
        } else if lines > LONG && !source.text.lines().any(|line| line.starts_with(REASON)) {
            complaints.push(format!("{path}: {lines} lines; split it or say `{REASON}…` in its opening"));
        }
        let opening = source.text.lines().find(|line| !line.starts_with("#!") && !line.is_empty());
        if !opening.is_some_and(|line| line.starts_with("//! ") && line.len() > 15) {
            complaints.push(format!("{path}: opens without a `//!` line that says what it is for"));
        }
        let parts = Path::new(path).with_extension("");
        if parts.iter().any(|part| FORBIDDEN_NAMES.iter().any(|name| part == *name)) {
            complaints.push(format!("{path}: the name says nothing; put it beside its first user"));
        }
        if source.text.contains(concat!("mod tests", " {")) {
            complaints.push(format!("{path}: unit tests live in a sibling tests.rs"));
        }
    }
    complaints
}

#[test]
fn files_are_short_named_and_introduced() {
    assert_tidy(&complaints(&root()));
}

#[test]
fn a_bad_file_is_red() {
    let opening = "//! A file for the control of this rule.\n";
    let check = |path: &str, text: &str, expect: &str| {
        let found = complaints(tree(&[(path, text)]).path());
        assert!(found.iter().any(|complaint| complaint.contains(expect)), "{path}: {found:?}");
    };
    check("a/src/one.rs", "fn a() {}\n", "opens without");
    check("a/src/one.rs", "//! \nfn a() {}\n", "opens without");
    check("a/src/one.rs", &format!("{opening}{}", "//\n".repeat(501)), "split it");
    check("a/src/one.rs", &format!("{opening}{REASON}x\n{}", "//\n".repeat(800)), "is the most");
    check("a/src/utils.rs", opening, "says nothing");
    check("a/src/common/mod.rs", opening, "says nothing");
    check("a/src/one.rs", &format!("{opening}mod {} {{\n", "tests"), "sibling");
    let good = tree(&[("a/src/one.rs", opening), ("target/x.rs", "fn a() {}")]);
    assert_tidy(&complaints(good.path()));
}
