//! The file is private and stays small.

use std::os::unix::fs::PermissionsExt;

use super::{MAX_LOG, open};

#[test]
fn a_long_log_is_put_aside_and_a_new_one_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/desktop.log");
    open(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&path, vec![b'x'; usize::try_from(MAX_LOG).unwrap()]).unwrap();
    open(&path).unwrap();
    assert!(!path.with_extension("log.1").exists(), "not yet too long");
    std::fs::write(&path, vec![b'x'; usize::try_from(MAX_LOG).unwrap() + 1]).unwrap();
    open(&path).unwrap();
    assert_eq!(path.metadata().unwrap().len(), 0);
    assert_eq!(path.with_extension("log.1").metadata().unwrap().len(), MAX_LOG + 1);
}
