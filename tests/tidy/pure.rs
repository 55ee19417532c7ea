//! What decides has no IO, clock, randomness or runtime: pure folders must not even name them.

use std::path::Path;

use super::{assert_tidy, root, sources, tree};

/// Folders and files that decide.
pub const PURE: &[&str] = &[
    "cli/src/support/masker.rs",
    "cli/src/support/summary.rs",
    "crates/client/src/hand_off/question.rs",
    "crates/client/src/sessions/expiry.rs",
    "crates/client/src/sessions/index.rs",
    "crates/proto/src",
    "crates/mesh/src/engine",
    "crates/mesh/src/stack",
    "src-tauri/src/action.rs",
    "src-tauri/src/effect.rs",
    "src-tauri/src/event.rs",
    "src-tauri/src/hosting.rs",
    "src-tauri/src/icon.rs",
    "src-tauri/src/label.rs",
    "src-tauri/src/lid.rs",
    "src-tauri/src/link.rs",
    "src-tauri/src/listener.rs",
    "src-tauri/src/mimeapps.rs",
    "src-tauri/src/menu.rs",
    "src-tauri/src/menu",
    "src-tauri/src/open.rs",
    "src-tauri/src/reachable.rs",
    "src-tauri/src/row.rs",
    "src-tauri/src/settings.rs",
    "src-tauri/src/state.rs",
    "src-tauri/src/state",
    "src-tauri/tunnel/src/plan.rs",
    "src-tauri/tunnel/src/plan",
    "src-tauri/tunnel/src/os/outlook.rs",
    "server/src/access.rs",
    "server/src/builds/life.rs",
    "server/src/net/coordinator/state.rs",
    "server/src/net/relay/table.rs",
    "src-tauri/tunnel/src/gate.rs",
    "src-tauri/tunnel/src/news.rs",
    "src-tauri/tunnel/src/owner.rs",
    "src-tauri/tunnel/src/packet.rs",
    "src-tauri/tunnel/src/resolver.rs",
    "src-tauri/tunnel/src/state.rs",
];

/// What they must not name, and why.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "runtime"),
    ("async fn", "runtime"),
    ("std::fs", "IO"),
    ("TcpStream::connect", "IO"),
    ("UdpSocket::bind", "IO"),
    ("Instant::now", "clock"),
    ("SystemTime::now", "clock"),
    ("OffsetDateTime::now", "clock"),
    ("getrandom::", "randomness"),
    ("thread_rng", "randomness"),
    ("Uuid::new_v4", "randomness"),
    ("std::env", "environment"),
    ("std::process", "processes"),
    ("println!", "output"),
];

fn complaints(root: &Path) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources(root, &[".rs"]) {
        let is_test = source.path.ends_with("tests.rs") || source.path.contains("/tests/");
        if is_test || !PURE.iter().any(|pure| Path::new(&source.path).starts_with(pure)) {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for (name, kind) in IMPURE.iter().filter(|(name, _)| line.contains(name)) {
                complaints.push(format!("{}:{}: `{name}` ({kind}) in a pure file", source.path, number + 1));
            }
        }
    }
    complaints
}

#[test]
fn what_decides_is_pure() {
    assert_tidy(&complaints(&root()));
    for pure in PURE {
        assert!(root().join(pure).exists(), "{pure} is gone: update tests/tidy/pure.rs");
    }
}

#[test]
fn an_impure_line_is_red() {
    for (name, _) in IMPURE {
        let text = format!("//! x\nlet a = {name};\n");
        let tree = tree(&[("crates/proto/src/one.rs", &text), ("cli/src/main.rs", &text)]);
        let found = complaints(tree.path());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/proto/src/one.rs:2"), "{found:?}");
    }
}
