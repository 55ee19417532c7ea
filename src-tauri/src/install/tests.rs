//! What is put into a home is what the desktop reads, and it is gone again without a trace.

use std::path::{Path, PathBuf};

use super::{Places, install, set_coder_links, uninstall};

fn places(home: &Path) -> Places {
    Places { data: home.join("data"), config: home.join("config") }
}

/// Every file below.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn an_install_is_taken_back_without_a_trace() {
    let home = tempfile::tempdir().unwrap();
    let places = places(home.path());
    std::fs::create_dir_all(&places.config).unwrap();
    let others = "[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/coder=theirs.desktop\n";
    std::fs::write(places.associations(), others).unwrap();
    let program = Path::new("/opt/my \"progs\"/homeport-desktop");
    for _ in 0..2 {
        install(&places, program).unwrap();
        set_coder_links(&places, true, program).unwrap();
    }
    let entry = std::fs::read_to_string(places.entry(super::ENTRY)).unwrap();
    assert!(
        entry.contains("Actions=connect;disconnect;open;") && entry.contains("MimeType=x-scheme-handler/homeport;")
    );
    assert!(entry.contains(r#"Exec="/opt/my \\"progs\\"/homeport-desktop" --connect"#), "{entry}");
    let now = std::fs::read_to_string(places.associations()).unwrap();
    assert!(now.contains("x-scheme-handler/homeport=homeport-desktop.desktop\n"), "{now}");
    assert!(now.contains("x-scheme-handler/coder=homeport-desktop-coder.desktop\n"), "{now}");
    assert!(now.contains("text/html=web.desktop\n"), "{now}");
    assert_eq!(files(home.path()).len(), 10, "{:?}", files(home.path()));

    uninstall(&places).unwrap();
    assert_eq!(files(home.path()), [places.associations()]);
    let left = std::fs::read_to_string(places.associations()).unwrap();
    assert_eq!(left, "[Default Applications]\nx-scheme-handler/coder=theirs.desktop\ntext/html=web.desktop\n");
    uninstall(&places).unwrap();
}

#[test]
fn coder_links_are_switched_apart_from_the_rest() {
    let home = tempfile::tempdir().unwrap();
    let places = places(home.path());
    set_coder_links(&places, true, Path::new("/bin/homeport-desktop")).unwrap();
    assert!(std::fs::read_to_string(places.associations()).unwrap().contains("coder=homeport-desktop-coder.desktop"));
    set_coder_links(&places, false, Path::new("/bin/homeport-desktop")).unwrap();
    assert_eq!(files(home.path()), Vec::<PathBuf>::new());
}
