//! Whose logs are taken, in which order, and how much of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::super::archive::Part;
use super::super::masker::{Masker, tests::CANARIES};
use super::{MAX_ALL, MAX_LOGS, of_server, parts};
use crate::support::logs::MAX_LOG;

/// The folder of a workspace whose daemon said this so many minutes ago.
fn workspace(data: &Path, number: u128, said: &[u8], minutes: u64) -> PathBuf {
    let folder = data.join("workspaces").join(uuid::Uuid::from_u128(number).to_string());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("daemon.log"), said).unwrap();
    let log = fs::File::options().write(true).open(folder.join("daemon.log")).unwrap();
    log.set_modified(SystemTime::now() - Duration::from_secs(60 * minutes)).unwrap();
    folder
}

fn id(number: u128) -> String {
    uuid::Uuid::from_u128(number).to_string()
}

#[test]
fn who_spoke_last_comes_first_under_a_name_that_says_nothing() {
    let data = tempfile::tempdir().unwrap();
    workspace(data.path(), 1, b"old\n", 9);
    workspace(data.path(), 2, b"new\n", 1);
    let (found, out) = parts(&of_server(data.path()));
    let part = |name: &str, text: String| Part { name: name.into(), text };
    let expected = [
        part("logs/daemon-1.log", format!("(workspace {})\nnew\n", id(2))),
        part("logs/daemon-2.log", format!("(workspace {})\nold\n", id(1))),
    ];
    assert_eq!((found.as_slice(), out), (&expected[..], 0));
}

#[test]
fn only_folders_of_workspaces_are_looked_into_and_no_links() {
    let data = tempfile::tempdir().unwrap();
    let real = workspace(data.path(), 1, b"one\n", 1);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("daemon.log"), "elsewhere\n").unwrap();
    let all = data.path().join("workspaces");
    std::os::unix::fs::symlink(elsewhere.path(), all.join(id(2))).unwrap();
    fs::create_dir(all.join("backup")).unwrap();
    fs::write(all.join("backup/daemon.log"), "backup\n").unwrap();
    fs::create_dir(all.join(id(3))).unwrap();
    // A log that is a link is not followed, and said.
    fs::create_dir(all.join(id(4))).unwrap();
    std::os::unix::fs::symlink(real.join("daemon.log"), all.join(id(4)).join("daemon.log")).unwrap();
    let (found, _) = parts(&of_server(data.path()));
    let texts: Vec<_> = found.iter().map(|part| part.text.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].starts_with(&format!("(workspace {})\ncannot be read", id(4))), "{texts:?}");
    assert_eq!(texts[1], format!("(workspace {})\none\n", id(1)));
    assert_eq!(of_server(&data.path().join("none")), []);
}

#[test]
fn each_and_all_together_are_bounded() {
    let data = tempfile::tempdir().unwrap();
    let line = "x".repeat(99) + "\n";
    let long = line.repeat(usize::try_from(MAX_LOG).unwrap() / 100 + 10);
    for number in 0..8 {
        workspace(data.path(), number, long.as_bytes(), 1);
    }
    let (found, out) = parts(&of_server(data.path()));
    let most = usize::try_from(MAX_LOG).unwrap() + 200;
    assert!(found.iter().all(|part| part.text.len() < most));
    let all: usize = found.iter().map(|part| part.text.len()).sum();
    assert!(all < usize::try_from(MAX_ALL).unwrap() + 200 * found.len(), "{all}");
    assert!(found.len() + out == 8 && out >= 3, "{out} were left out");

    let data = tempfile::tempdir().unwrap();
    for number in 0..20 {
        workspace(data.path(), number, b"short\n", 1);
    }
    let (found, out) = parts(&of_server(data.path()));
    assert_eq!((found.len(), out), (MAX_LOGS, 4));
}

#[test]
fn a_token_is_known_and_nothing_that_looks_like_a_secret_is_left() {
    let data = tempfile::tempdir().unwrap();
    let words = "correct-horse-battery";
    let said: String =
        CANARIES.iter().map(|canary| format!("INFO what=\"{canary}\" {words} {canary}{canary}\n")).collect();
    let folder = workspace(data.path(), 1, said.as_bytes(), 1);
    fs::write(folder.join("agent-token"), format!("{words}\n")).unwrap();
    let hosted = of_server(data.path());
    let (found, _) = parts(&hosted);
    let secrets: Vec<&str> = CANARIES.iter().copied().chain([words]).collect();
    assert!(secrets.iter().all(|secret| found[0].text.contains(secret)), "the control: unmasked they are there");
    let mut masker = Masker::default();
    assert!(masker.mask(&found[0].text).contains(words), "the control: such a token looks like words");
    for token in hosted.iter().filter_map(super::Hosted::token) {
        masker.secret(&token);
    }
    let masked = masker.mask(&found[0].text);
    assert!(secrets.iter().all(|secret| !masked.contains(secret)), "{masked}");
    assert!(masked.starts_with("(workspace <id "), "the id has a number: {masked}");
}
