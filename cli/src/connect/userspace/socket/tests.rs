//! One owner, and only in a folder of our own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Taken, folder, own_at, private};

#[test]
fn one_process_at_a_time() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("userspace.sock");
    let first = own_at(path.clone()).unwrap();
    assert!(matches!(own_at(path.clone()), Err(Taken::Running)));
    drop(first);
    // Left by a process that was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let second = own_at(path.clone()).unwrap();
    assert!(!second.path().exists());
}

#[test]
fn the_folder_is_the_session_s_or_our_own() {
    #[track_caller]
    fn check(runtime: Option<&str>, expect: &str) {
        assert_eq!(folder(runtime.map(PathBuf::from), "/tmp".into(), 7), Path::new(expect));
    }
    check(Some("/run/user/7"), "/run/user/7/homeport");
    check(Some("run"), "/tmp/homeport-7");
    check(None, "/tmp/homeport-7");
}

#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("homeport");
    private(&folder).unwrap();
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    private(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(private(&folder).unwrap_err().to_string().contains("not a folder of this user alone"));
    let link = place.path().join("link");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    assert!(private(&link).is_err());
}
