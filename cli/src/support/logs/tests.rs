//! Only the end of a log is taken, from a whole line on, and only of files.

use super::{in_folder, tail};

#[test]
fn the_end_of_a_log_begins_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    std::fs::write(&path, "first\nsecond\nthird\n").unwrap();
    for (most, text) in [
        (100, "first\nsecond\nthird\n"),
        (19, "first\nsecond\nthird\n"),
        (12, "(older lines are left out)\nthird\n"),
        (3, "(older lines are left out)\n"),
    ] {
        assert_eq!(tail(&path, most).unwrap(), text, "{most}");
    }
}

#[test]
fn only_logs_are_taken_and_no_links() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.log"), b"a\xff\n").unwrap();
    std::fs::write(folder.path().join("a.log.1"), "older\n").unwrap();
    std::fs::write(folder.path().join("session"), "token").unwrap();
    std::fs::create_dir(folder.path().join("b.log")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("session"), folder.path().join("c.log")).unwrap();
    let parts = in_folder(folder.path(), "logs");
    let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["logs/a.log", "logs/a.log.1", "logs/b.log", "logs/c.log"]);
    assert!(parts[2].text.starts_with("cannot be read") && parts[3].text.starts_with("cannot be read"), "{parts:?}");
}
