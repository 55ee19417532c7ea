//! What is found on a PATH of the test, and beside the test itself.

use super::*;

fn write(folder: &Path, name: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn the_first_on_path_that_can_be_started_is_found() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = format!("relative::{}:{}", first.path().display(), second.path().display());
    assert_eq!(find(&path, "tool"), None);
    std::fs::create_dir(first.path().join("folder")).unwrap();
    assert_eq!(find(&path, "folder"), None, "a folder is no program");
    write(first.path(), "tool", 0o644);
    let later = write(second.path(), "tool", 0o755);
    assert_eq!(find(&path, "tool"), Some(later), "a file that nobody may execute is passed over");
    let earlier = write(first.path(), "other", 0o711);
    write(second.path(), "other", 0o755);
    assert_eq!(find(&path, "other"), Some(earlier));
}

#[test]
fn our_own_are_looked_for_beside_the_program_that_runs() {
    let here = std::env::current_exe().unwrap().canonicalize().unwrap();
    let name = here.file_name().unwrap().to_str().unwrap();
    assert_eq!(own(name), Some(here.clone()));
    assert_eq!(other(name), None, "and not on PATH, or the test shows nothing");
    assert_eq!(own("no-such-program-of-ours"), None);
}
