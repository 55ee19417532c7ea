//! Which package may use which: the arrows of `docs/architecture.md`, read from `cargo metadata`.

use std::collections::BTreeMap;
use std::process::Command;

use super::{assert_tidy, root};

/// Every package and what it may depend on. `tests` may use all: it holds no product code.
const ALLOWED: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("rpc", &["proto"]),
    ("client", &["proto", "rpc"]),
    ("mesh", &["proto"]),
    ("server", &["proto", "rpc", "client", "mesh"]),
    ("daemon", &["proto", "rpc", "client", "mesh"]),
    ("cli", &["proto", "rpc", "client", "mesh", "daemon"]),
    ("tunnel", &["proto", "rpc", "client", "mesh"]),
    ("desktop", &["proto", "client"]),
    ("window", &["proto", "client"]),
    ("tests", &["proto", "rpc", "client", "mesh", "server", "daemon", "cli", "tunnel", "desktop"]),
];

/// Outside packages that a package must not have, directly: what it "never contains".
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("proto", &["tokio", "reqwest", "axum", "hyper", "rusqlite", "getrandom", "rand", "smoltcp"]),
    ("rpc", &["reqwest", "axum", "rusqlite", "boringtun", "smoltcp"]),
    ("client", &["boringtun", "smoltcp", "axum", "rusqlite"]),
    ("mesh", &["reqwest", "axum", "hyper", "rusqlite", "clap"]),
    ("server", &["tauri"]),
    ("daemon", &["rusqlite", "tauri"]),
    ("tunnel", &["tauri", "axum", "hyper", "rusqlite"]),
    ("desktop", &["boringtun", "smoltcp", "tauri", "gtk"]),
    (
        "window",
        &["boringtun", "smoltcp", "axum", "rusqlite", "tauri-plugin-shell", "tauri-plugin-fs", "tauri-plugin-http"],
    ),
];

type Graph = BTreeMap<String, Vec<String>>;

fn complaints(graph: &Graph) -> Vec<String> {
    let members: Vec<&String> = graph.keys().collect();
    let mut complaints = Vec::new();
    for (package, dependencies) in graph {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == package) else {
            complaints.push(format!("package `{package}` has no row in tests/tidy/arrows.rs"));
            continue;
        };
        let forbidden = FORBIDDEN.iter().find(|(name, _)| name == package).map_or(&[][..], |(_, list)| list);
        for dependency in dependencies {
            if members.contains(&dependency) && !allowed.contains(&dependency.as_str()) {
                complaints.push(format!("`{package}` must not use `{dependency}`"));
            }
            if forbidden.contains(&dependency.as_str()) {
                complaints.push(format!("`{package}` never contains `{dependency}`"));
            }
        }
    }
    complaints
}

/// Normal dependencies of every package of ours: of the workspace, and of the windows, which are one of their own.
fn graph() -> Graph {
    ["Cargo.toml", "src-tauri/window/Cargo.toml"].into_iter().flat_map(members).collect()
}

fn members(manifest: &str) -> Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path", manifest])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|dependency| dependency["name"].as_str().unwrap().to_owned()).collect();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn packages_point_only_along_the_allowed_arrows() {
    assert_tidy(&complaints(&graph()));
}

#[test]
fn a_wrong_arrow_is_red() {
    let broken = |package: &str, dependency: &str| {
        let mut graph = graph();
        graph.get_mut(package).unwrap().push(dependency.into());
        complaints(&graph)
    };
    assert_eq!(broken("proto", "mesh"), ["`proto` must not use `mesh`"]);
    assert_eq!(broken("server", "daemon"), ["`server` must not use `daemon`"]);
    assert_eq!(broken("client", "mesh"), ["`client` must not use `mesh`"]);
    assert_eq!(broken("proto", "tokio"), ["`proto` never contains `tokio`"]);
    let mut unknown = graph();
    unknown.insert("utils".into(), Vec::new());
    assert_eq!(complaints(&unknown).len(), 1);
}
