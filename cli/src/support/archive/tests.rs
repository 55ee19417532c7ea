//! The file is private from its first byte, what is there stays, and what was put in comes out.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use super::{Part, write};

/// What is in an archive.
pub fn read(path: &std::path::Path) -> Vec<Part> {
    let file = std::fs::File::open(path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        Part { name: entry.path().unwrap().to_str().unwrap().to_owned(), text }
    });
    entries.collect()
}

#[test]
fn it_is_private_and_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar.gz");
    let parts = [
        Part { name: "summary.txt".into(), text: "one\n".into() },
        Part { name: "logs/x.log".into(), text: "two".into() },
    ];
    write(&path, "bundle", &parts, 1_700_000_000).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let names = parts.map(|part| Part { name: format!("bundle/{}", part.name), ..part });
    assert_eq!(read(&path), names);

    let before = std::fs::read(&path).unwrap();
    let again = write(&path, "bundle", &[], 0).unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), before);

    // Neither through a link.
    let (link, target) = (folder.path().join("link"), folder.path().join("target"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(write(&link, "bundle", &[], 0).is_err());
    assert!(!target.exists());
}
