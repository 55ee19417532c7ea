//! Secret files: where they go, who may read them, and that a newer value replaces the old one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{replace, resolve};

#[test]
fn where_a_secret_goes() {
    let check = |path, expect: &str| assert_eq!(resolve(path, Path::new("/home/me")), Path::new(expect), "{path}");
    check("~/.config/token", "/home/me/.config/token");
    check("relative", "/home/me/relative");
    check("/etc/token", "/etc/token");
}

#[test]
fn only_the_owner_may_read_it_and_the_newest_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/secret");
    for value in ["one", "two", "two"] {
        replace(&path, value.as_bytes()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), value);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    }
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
    assert!(replace(Path::new("/"), b"x").is_err());
}
