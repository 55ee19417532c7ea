//! Tests of folder: given and expected, by tables where there are many.

use super::{Folder, FolderError};

#[test]
fn one_server_per_folder() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("data");
    let first = Folder::take(&path, false).expect("ours");
    assert!(matches!(Folder::take(&path, false), Err(FolderError::Locked(_))));
    drop(first);
    assert!(Folder::take(&path, false).is_ok());
}

#[test]
fn a_folder_without_a_parent_is_missing_unless_asked_for() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("a/b");
    assert!(matches!(Folder::take(&path, false), Err(FolderError::Missing(_))));
    assert!(!path.exists());
    assert!(Folder::take(&path, true).is_ok());
    let file = place.path().join("file");
    std::fs::write(&file, "x").expect("file");
    assert!(Folder::take(&file, false).is_err());
}
