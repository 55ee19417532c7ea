//! Version floors: advisories that fixed a hole a peer had, some of which the RustSec database does not list.

use super::{assert_tidy, root};

/// Lowest version that is accepted where the crate is used at all. `never` means exactly that.
const FLOORS: &[(&str, &str)] = &[
    ("tauri", "2.11.1"),
    ("russh", "0.61.1"),
    ("yamux", "0.13.10"),
    ("tar", "0.4.45"),
    ("astral-tokio-tar", "0.6.2"),
    ("tokio-tar", "never"),
    ("h2", "0.4.16"),
    ("rustls", "0.23.18"),
    ("rustls-webpki", "0.103.13"),
    ("ring", "0.17.12"),
    ("quinn-proto", "0.11.15"),
    ("hickory-proto", "0.26.1"),
    ("tungstenite", "0.20.1"),
    ("bytes", "1.11.1"),
    ("tokio", "1.44.2"),
    ("time", "0.3.47"),
    ("tracing-subscriber", "0.3.20"),
    ("curve25519-dalek", "4.1.3"),
    ("ed25519-dalek", "2.0.0"),
    ("snow", "0.9.5"),
    ("rusqlite", "0.26.2"),
    ("libsqlite3-sys", "0.25.1"),
    ("protobuf", "3.7.2"),
    ("idna", "1.0.0"),
    ("zip", "2.3.0"),
    ("webbrowser", "1.2.2"),
    ("axum-core", "0.3.0"),
    ("rsa", "never"),
    ("openssl", "never"),
    ("aws-lc-rs", "never"),
];

fn numbers(version: &str) -> Vec<u64> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.split('.').filter_map(|part| part.parse().ok()).collect()
}

fn complaints(lock: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(value) = line.strip_prefix("name = \"") {
            name = value.trim_end_matches('"');
        }
        let Some(version) = line.strip_prefix("version = \"").map(|value| value.trim_end_matches('"')) else {
            continue;
        };
        for (_, floor) in FLOORS.iter().filter(|(crate_name, _)| *crate_name == name) {
            if *floor == "never" || numbers(version) < numbers(floor) {
                complaints.push(format!("{name} {version}: the floor is {floor}"));
            }
        }
    }
    complaints
}

#[test]
fn no_dependency_is_below_its_floor() {
    for lock in ["Cargo.lock", "src-tauri/window/Cargo.lock"] {
        assert_tidy(&complaints(&std::fs::read_to_string(root().join(lock)).unwrap()));
    }
}

#[test]
fn a_low_version_is_red() {
    let lock = |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
    assert_tidy(&complaints(&lock("yamux", "0.13.10")));
    assert_tidy(&complaints(&lock("other", "0.0.1")));
    assert_eq!(complaints(&lock("yamux", "0.13.9")).len(), 1);
    assert_eq!(complaints(&lock("tokio", "1.9.99")).len(), 1);
    assert_eq!(complaints(&lock("rsa", "9.0.0")).len(), 1);
}
