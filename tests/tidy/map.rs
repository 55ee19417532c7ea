//! The map is true: every folder that `docs/architecture.md` names exists, and every folder of source is on it.

use std::collections::BTreeSet;
use std::path::Path;

use super::{assert_tidy, root, sources, tree};

/// The rows of the map: lines of a table whose first cell is a path in backticks.
fn rows(map: &str) -> BTreeSet<String> {
    let cells = map.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(path, _)| path.trim_end_matches('/').to_owned()).collect()
}

fn complaints(root: &Path, map: &str) -> Vec<String> {
    let rows = rows(map);
    let mut complaints = Vec::new();
    for row in &rows {
        if !root.join(row).exists() {
            complaints.push(format!("docs/architecture.md names `{row}`, which is gone"));
        }
    }
    // A folder that only holds the unit tests of the module beside it is no room of its own.
    let folders: BTreeSet<String> = sources(root, &[".rs", ".go"])
        .iter()
        .filter(|source| !source.path.ends_with("/tests.rs"))
        .filter_map(|source| Path::new(&source.path).parent().map(|folder| folder.to_string_lossy().into_owned()))
        .filter(|folder| !folder.is_empty())
        .collect();
    for folder in folders {
        // A folder of unit tests belongs to its module.
        if folder.ends_with("/tests") || rows.contains(&folder) {
            continue;
        }
        complaints.push(format!("`{folder}` is not on the map in docs/architecture.md"));
    }
    complaints
}

#[test]
fn the_map_is_true() {
    let map = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    assert_tidy(&complaints(&root(), &map));
}

#[test]
fn a_wrong_map_is_red() {
    let tree = tree(&[("a/src/one.rs", "//! x"), ("b/src/two.rs", "//! x")]);
    let good = "| `a/src` | one | - |\n| `b/src/` | two | - |\n";
    assert_tidy(&complaints(tree.path(), good));
    assert_eq!(complaints(tree.path(), "| `a/src` | one | - |\n").len(), 1);
    assert_eq!(complaints(tree.path(), &format!("{good}| `c/src` | three | - |\n")).len(), 1);
}
