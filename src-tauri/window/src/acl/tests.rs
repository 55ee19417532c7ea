//! A18: what each window may ask for equals what is written down beside this file, and the policy of the pages is exactly
//! the one of the design. Whoever changes either changes `snapshot.txt` in the same commit, before somebody's eyes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tauri_utils::acl::ExecutionContext;
use tauri_utils::acl::capability::Capability;
use tauri_utils::acl::manifest::Manifest;
use tauri_utils::acl::resolved::Resolved;
use tauri_utils::platform::Target;

const SNAPSHOT: &str = include_str!("snapshot.txt");
/// The policy, as the design writes it.
const POLICY: &str = "default-src 'self'; connect-src ipc: http://ipc.localhost; img-src 'self' data:; style-src 'self'; \
                      script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'; \
                      frame-ancestors 'none'; worker-src 'none'";

fn built<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let text = std::fs::read_to_string(Path::new(env!("OUT_DIR")).join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn config() -> serde_json::Value {
    serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap()
}

/// A line per command and window, resolved as Tauri's own macro does it.
fn resolved(capabilities: BTreeMap<String, Capability>) -> String {
    let manifests: BTreeMap<String, Manifest> = built("acl-manifests.json");
    let resolved = Resolved::resolve(&manifests, capabilities, Target::Linux).unwrap();
    assert!(resolved.has_app_acl, "without a list every window may give every command");
    let mut lines = BTreeSet::new();
    for (command, grants) in resolved.allowed_commands {
        for grant in grants {
            let from = match grant.context {
                ExecutionContext::Local => "own pages".to_owned(),
                ExecutionContext::Remote { url } => format!("REMOTE {url:?}"),
            };
            let windows: Vec<_> = grant.windows.iter().chain(&grant.webviews).map(ToString::to_string).collect();
            lines.insert(format!("{} may {command} ({from})\n", windows.join(" and ")));
        }
    }
    lines.into_iter().collect()
}

#[test]
fn what_windows_may_do_is_what_was_written_down() {
    let named: Vec<String> = config()["app"]["security"]["capabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let all: BTreeMap<String, Capability> = built("capabilities.json");
    assert_eq!(all.keys().collect::<BTreeSet<_>>(), named.iter().collect(), "every capability is named in the config");
    assert_eq!(resolved(all), SNAPSHOT);
}

#[test]
fn one_grant_more_is_red() {
    let mut all: BTreeMap<String, Capability> = built("capabilities.json");
    let wider = r#"{ "identifier": "wider", "windows": ["*"], "permissions": ["allow-request"] }"#;
    all.insert("wider".into(), serde_json::from_str(wider).unwrap());
    assert_ne!(resolved(all.clone()), SNAPSHOT);
    let remote = r#"{ "identifier": "wider", "windows": ["main-*"], "remote": { "urls": ["https://a.example"] },
                      "permissions": ["allow-request"] }"#;
    all.insert("wider".into(), serde_json::from_str(remote).unwrap());
    assert!(resolved(all).contains("REMOTE"));
}

#[test]
fn every_registered_command_is_listed_and_no_other() {
    let run = include_str!("../run.rs");
    let registered: BTreeSet<&str> =
        run.lines().filter_map(|line| line.trim().strip_prefix("commands::")?.strip_suffix(',')).collect();
    let listed: BTreeSet<&str> = env!("HOMEPORT_WINDOW_COMMANDS").split(' ').collect();
    assert_eq!(registered, listed);
    let granted: BTreeSet<&str> =
        SNAPSHOT.lines().filter_map(|line| line.split(" may ").nth(1)?.split(' ').next()).collect();
    assert_eq!(granted, listed, "a command that no window has is of no use");
}

#[test]
fn the_policy_is_the_designs_and_nothing_is_softer() {
    let config = config();
    let security = &config["app"]["security"];
    assert_eq!(security["csp"], POLICY);
    assert!(security.get("devCsp").is_none());
    assert_eq!(security["freezePrototype"], true);
    // The policy has no nonces for Tauri to add; what is sent is checked in a window by `tests/window`.
    assert_eq!(security["dangerousDisableAssetCspModification"], true);
    assert!(security.get("assetProtocol").is_none());
    assert_eq!(config["app"]["withGlobalTauri"], false);
    assert_eq!(config["app"]["windows"], serde_json::json!([]), "windows are opened with their handlers, in Rust");
    assert!(config.get("plugins").is_none());
}
