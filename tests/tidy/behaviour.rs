//! What `docs/intended-behaviour.md` promises is tested: each line names a test, and that test exists.

use std::collections::BTreeSet;

use super::{assert_tidy, root, sources};

/// Lines that promise something begin so.
const PROMISE: &str = "- **Given** ";

/// Names of all test functions below the tray program and its big test.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in sources(&root(), &[".rs"]) {
        let places =
            ["src-tauri/src", "tests/desktop", "tests/window", "tests/service/desktop.rs", "tests/service/made.rs"];
        if !places.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        let mut is_test = false;
        for line in source.text.lines().map(str::trim_start) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let Some(rest) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")) else { continue };
            if is_test {
                names.extend(rest.split('(').next().map(str::to_owned));
            }
            is_test = false;
        }
    }
    names
}

fn complaints(page: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    // A promise may go on over several lines.
    for promise in page.split("\n- ").skip(1).map(|promise| format!("- {promise}")) {
        let first = promise.lines().next().unwrap_or_default().to_owned();
        let words = [PROMISE, "**when**", "**then**"];
        if words.iter().any(|word| !promise.contains(word)) {
            complaints.push(format!("`{first}` is not given, when, then"));
        }
        let named: Vec<&str> = promise.split('`').skip(1).step_by(2).filter(|word| word.contains('_')).collect();
        if named.is_empty() {
            complaints.push(format!("`{first}` names no test"));
        }
        for name in named.iter().filter(|name| !tests.contains(**name)) {
            complaints.push(format!("`{name}` is no test of the tray program"));
        }
    }
    complaints
}

#[test]
fn every_intended_behaviour_has_its_test() {
    let page = std::fs::read_to_string(root().join("docs/intended-behaviour.md")).unwrap();
    assert!(page.matches(PROMISE).count() > 20, "the page is nearly empty");
    assert_tidy(&complaints(&page, &tests()));
}

#[test]
fn a_promise_without_a_test_is_red() {
    let tests = BTreeSet::from(["one_test".to_owned()]);
    let page = |line: &str| format!("# Title\n\n{line}\n");
    assert_tidy(&complaints(&page("- **Given** a, **when** b,\n  **then** c. `one_test`"), &tests));
    assert_eq!(complaints(&page("- **Given** a, **when** b, **then** c. `no_such_test`"), &tests).len(), 1);
    assert_eq!(complaints(&page("- **Given** a, **when** b, **then** c."), &tests).len(), 1);
    assert_eq!(complaints(&page("- Something works. `one_test`"), &tests).len(), 1);
}
