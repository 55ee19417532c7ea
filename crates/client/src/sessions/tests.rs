//! Stored sessions: what is kept where, with which mode, and which files are not believed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_session_in_a_folder_is_private_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::in_folder(home.path().join("a/b"));
    assert!(store.load().await.unwrap().is_none());

    let kept = store.save(&url("https://dev.example.com"), &Secret::new("id-secret")).await.unwrap();
    let token_file = home.path().join("a/b/session");
    assert_eq!(kept, Kept::File(token_file.clone()));
    assert_eq!(mode(&token_file), 0o600);
    assert_eq!(mode(&home.path().join("a/b/url")), 0o600);
    assert_eq!(mode(&home.path().join("a/b")), 0o700);

    let session = store.load().await.unwrap().unwrap();
    assert_eq!(session.url, url("https://dev.example.com"));
    assert_eq!(session.token.expose(), "id-secret");
    assert_eq!(session.source, Source::File(token_file.clone()));

    store.save(&url("https://dev.example.com"), &Secret::new("newer")).await.unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "newer");
    store.forget().await.unwrap();
    assert!(store.load().await.unwrap().is_none());
    assert!(!token_file.exists());
    store.forget().await.unwrap();
}

#[tokio::test]
async fn a_widely_readable_token_file_becomes_private_when_written() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("session");
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    Store::in_folder(home.path().into()).save(&url("http://a"), &Secret::new("t")).await.unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn the_fallback_is_read_but_never_written() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(other.path().join("url"), "https://other.example.com\n").unwrap();
    std::fs::write(other.path().join("session"), "other\n").unwrap();
    let store = Store { use_keyring: false, ..Store::personal(ours.path().into(), Some(other.path().into())) };
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "other");

    store.save(&url("https://ours.example.com"), &Secret::new("ours")).await.unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "ours");
    store.forget().await.unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "other");
}

#[tokio::test]
async fn half_a_session_is_none_and_nonsense_is_named() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::in_folder(home.path().into());
    std::fs::write(home.path().join("session"), "token").unwrap();
    assert!(store.load().await.unwrap().is_none());
    std::fs::write(home.path().join("url"), "not a url").unwrap();
    assert!(matches!(store.load().await, Err(SessionError::Url(_))));
    std::fs::write(home.path().join("url"), vec![b'x'; 20_000]).unwrap();
    assert!(matches!(store.load().await, Err(SessionError::File { .. })));
}

#[test]
fn the_local_session_is_believed_only_when_it_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(local::FILE);
    let good = r#"{"url":"http://127.0.0.1:7080","token":"id-secret"}"#;
    let check = |content: &str, mode: u32, expect: bool| {
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(local::load(folder.path()).is_some(), expect, "{content} {mode:o}");
    };
    check(good, 0o600, true);
    check(good, 0o400, true);
    check(good, 0o640, false);
    check(good, 0o602, false);
    check(good, 0o666, false);
    check("", 0o600, false);
    check(r#"{"url":"nonsense","token":"x"}"#, 0o600, false);
    check(r#"{"url":"http://127.0.0.1:7080"}"#, 0o600, false);

    std::fs::rename(&path, folder.path().join("real")).unwrap();
    std::fs::write(folder.path().join("real"), good).unwrap();
    std::os::unix::fs::symlink(folder.path().join("real"), &path).unwrap();
    assert!(local::load(folder.path()).is_none(), "a link is not followed");
}

#[test]
fn the_data_folder_follows_the_environment() {
    #[track_caller]
    fn check(given: &[(&str, &str)], expect: Option<&str>) {
        let got =
            local::data_folder(|name| given.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(got.as_deref(), expect.map(Path::new), "{given:?}");
    }
    check(&[], None);
    check(&[("HOME", "/h")], Some("/h/.local/share/homeport/server"));
    check(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")], Some("/d/homeport/server"));
    check(&[("HOME", "/h"), ("XDG_DATA_HOME", "")], Some("/h/.local/share/homeport/server"));
    check(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("HOMEPORT_DATA_DIR", "/s")], Some("/s"));
}
