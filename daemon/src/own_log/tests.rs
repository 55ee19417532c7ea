//! The log file is continued, put aside when it is long, and only so many older ones are kept.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::{MAX_BACKUPS, NAME, RotatingFile, backups};

#[test]
fn the_file_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["one\n", "two\n"] {
        RotatingFile::open(folder.path()).unwrap().write_all(line.as_bytes()).unwrap();
    }
    let path = folder.path().join(NAME);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_long_file_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = RotatingFile::open(folder.path()).unwrap();
    log.limit = 10;
    for line in ["123456\n", "abcdef\n", "a line longer than the limit\n"] {
        log.write_all(line.as_bytes()).unwrap();
    }
    let mut all: Vec<_> = backups(folder.path()).unwrap();
    all.push(folder.path().join(NAME));
    let all: String = all.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(all.ends_with("a line longer than the limit\n"), "{all:?}");
    assert_eq!(std::fs::read_to_string(folder.path().join(NAME)).unwrap(), "a line longer than the limit\n");
}

#[test]
fn only_so_many_are_kept_and_other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("coder-agent-init.log"), "init").unwrap();
    std::fs::write(folder.path().join("mine.log"), "mine").unwrap();
    let mut log = RotatingFile::open(folder.path()).unwrap();
    for second in 0..30 {
        log.write_all(b"x").unwrap();
        log.rotate(time::OffsetDateTime::from_unix_timestamp(1_700_000_000 + second).unwrap()).unwrap();
    }
    let kept = backups(folder.path()).unwrap();
    assert_eq!(kept.len(), MAX_BACKUPS);
    assert!(kept[MAX_BACKUPS - 1].to_str().unwrap().contains("22-13-49"), "the newest are kept: {kept:?}");
    assert!(folder.path().join("coder-agent-init.log").exists() && folder.path().join("mine.log").exists());
}
