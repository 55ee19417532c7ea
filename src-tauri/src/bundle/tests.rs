//! Where the bundle goes.

use std::path::{Path, PathBuf};

use super::{downloads_in, folder};

#[test]
fn the_bundle_goes_where_downloads_go() {
    let home = Path::new("/people/ann");
    for (text, path) in [
        ("XDG_DESKTOP_DIR=\"$HOME/d\"\nXDG_DOWNLOAD_DIR=\"$HOME/Laden\"\n", Some("/people/ann/Laden")),
        ("XDG_DOWNLOAD_DIR=\"/data/in\"", Some("/data/in")),
        ("XDG_DOWNLOAD_DIR=\"$HOME/\"", Some("/people/ann/")),
        ("XDG_DOWNLOAD_DIR=\"in\"", None),
        ("# nothing", None),
    ] {
        assert_eq!(downloads_in(text, home), path.map(PathBuf::from), "{text}");
    }
}

#[test]
fn without_such_a_folder_it_goes_home() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(folder(home.path(), home.path()), home.path());
    std::fs::create_dir(home.path().join("Downloads")).unwrap();
    assert_eq!(folder(home.path(), home.path()), home.path().join("Downloads"));
    std::fs::write(home.path().join("user-dirs.dirs"), "XDG_DOWNLOAD_DIR=\"$HOME/gone\"\n").unwrap();
    assert_eq!(folder(home.path(), home.path()), home.path());
}
