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

thread_local! {
    /// How many more changes of files this thread may make before its program "ends".
    static LEFT: std::cell::Cell<Option<u32>> = const { std::cell::Cell::new(None) };
}

/// Asked before each change of a file.
pub(super) fn may_go_on() -> io::Result<()> {
    match LEFT.get() {
        None => Ok(()),
        Some(0) => Err(io::Error::other("the program ended here")),
        Some(left) => {
            LEFT.set(Some(left - 1));
            Ok(())
        }
    }
}

/// The person's folder on a computer without a keyring.
fn without_keyring(folder: &Path, fallback: Option<&Path>) -> Store {
    let mut store = Store::personal(folder.into(), fallback.map(Into::into));
    store.use_keyring = false;
    store
}

async fn token_at(store: &Store, host: &str) -> Option<String> {
    let session = store.load_at(&url(host)).await.unwrap()?;
    assert_eq!(session.url, url(host));
    Some(session.token.expose().to_owned())
}

#[tokio::test]
async fn a_session_in_a_folder_is_private_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("a/b");
    let store = Store::in_folder(folder.clone());
    assert!(store.load().await.unwrap().is_none());

    let dev = url("https://dev.example.com");
    let kept = store.save(&dev, &Secret::new("id-secret")).await.unwrap();
    let Kept::File(token_file) = kept else { panic!("{kept:?}") };
    for path in [&token_file, &folder.join("session"), &folder.join("url"), &folder.join("accounts.json")] {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("sessions")), 0o700);
    assert!(!std::fs::read_to_string(folder.join("accounts.json")).unwrap().contains("secret"));
    // Other programs read these two.
    assert_eq!(std::fs::read_to_string(folder.join("url")).unwrap(), "https://dev.example.com/");
    assert_eq!(std::fs::read_to_string(folder.join("session")).unwrap(), "id-secret");

    let session = store.load().await.unwrap().unwrap();
    assert_eq!((session.url, session.token.expose()), (dev.clone(), "id-secret"));
    store.save(&dev, &Secret::new("newer")).await.unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "newer");
    // And write them.
    std::fs::write(folder.join("session"), "theirs").unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "theirs");

    assert_eq!(store.forget(&dev).await.unwrap(), None);
    assert!(store.load().await.unwrap().is_none());
    assert!(!token_file.exists() && !folder.join("session").exists());
    store.forget(&dev).await.unwrap();
}

#[tokio::test]
async fn many_sessions_are_kept_and_one_is_current() {
    let home = tempfile::tempdir().unwrap();
    let store = without_keyring(home.path(), None);
    for host in ["https://a", "https://b", "https://c"] {
        store.save(&url(host), &Secret::new(host)).await.unwrap();
    }
    let known = |store: &Store| {
        let known = store.known().unwrap().into_iter();
        known.map(|known| (known.url.host_str().unwrap().to_owned(), known.is_current)).collect::<Vec<_>>()
    };
    let expect = |current: &str, hosts: &[&str]| {
        hosts.iter().map(|host| ((*host).to_owned(), *host == current)).collect::<Vec<_>>()
    };
    assert_eq!(known(&store), expect("c", &["a", "b", "c"]), "a new one is the current one");
    assert!(store.select(&url("https://a")).unwrap());
    assert!(!store.select(&url("https://nowhere")).unwrap());
    assert_eq!(known(&store), expect("a", &["a", "b", "c"]));
    for host in ["https://a", "https://b", "https://c"] {
        assert_eq!(token_at(&store, host).await.as_deref(), Some(host));
    }
    // One that is renewed stays what it was.
    store.keep(&url("https://b"), &Secret::new("renewed")).await.unwrap();
    assert_eq!(known(&store), expect("a", &["a", "b", "c"]));
    assert_eq!(token_at(&store, "https://b").await.as_deref(), Some("renewed"));
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "https://a");

    store.forget(&url("https://b")).await.unwrap();
    assert_eq!(known(&store), expect("a", &["a", "c"]));
    store.forget(&url("https://a")).await.unwrap();
    assert_eq!(known(&store), expect("", &["c"]), "nobody is moved elsewhere without being asked");
    assert!(store.load().await.unwrap().is_none());
    assert_eq!(store.all().await.sessions.len(), 1);
}

#[tokio::test]
async fn a_folder_of_the_older_form_is_read_and_moved_without_loss() {
    for use_keyring in [false, true] {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("url"), "https://old\n").unwrap();
        std::fs::write(home.path().join("session"), "old-token\n").unwrap();
        let mut store = Store::personal(home.path().into(), None);
        store.use_keyring = use_keyring;
        assert_eq!(token_at(&store, "https://old").await.as_deref(), Some("old-token"));
        let known = store.known().unwrap();
        assert_eq!((known.len(), known[0].kept, known[0].is_current), (1, Place::File, true));

        store.save_in_file(&url("https://new"), &Secret::new("new-token")).await.unwrap();
        assert_eq!(token_at(&store, "https://old").await.as_deref(), Some("old-token"));
        assert_eq!(token_at(&store, "https://new").await.as_deref(), Some("new-token"));
        assert_eq!(store.load().await.unwrap().unwrap().url, url("https://new"));
        assert!(store.select(&url("https://old")).unwrap());
        assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "old-token");
    }
}

#[tokio::test]
async fn a_token_is_never_beside_another_deployment_wherever_a_change_ends() {
    const OLD: &str = "https://old";
    const NEW: &str = "https://new";
    for (is_old_form, change) in [false, true].into_iter().flat_map(|old| (0..4).map(move |change| (old, change))) {
        for ends_after in 0.. {
            let home = tempfile::tempdir().unwrap();
            let store = without_keyring(home.path(), None);
            if is_old_form {
                std::fs::write(home.path().join("url"), OLD).unwrap();
                std::fs::write(home.path().join("session"), "old-1").unwrap();
            } else {
                store.save(&url(NEW), &Secret::new("new-1")).await.unwrap();
                store.save(&url(OLD), &Secret::new("old-1")).await.unwrap();
            }
            LEFT.set(Some(ends_after));
            let done = match change {
                0 => store.save(&url(NEW), &Secret::new("new-2")).await.map(|_| ()),
                1 => store.save(&url(OLD), &Secret::new("old-2")).await.map(|_| ()),
                2 => store.select(&url(NEW)).map(|_| ()),
                _ => store.forget(&url(OLD)).await.map(|_| ()),
            };
            LEFT.set(None);
            let what = format!("change {change} of a folder (old form: {is_old_form}) ended after {ends_after} files");
            // As another program reads the folder.
            let read = |name: &str| std::fs::read_to_string(home.path().join(name)).ok();
            if let (Some(at), Some(token)) = (read("url"), read("session")) {
                assert!(at.contains(&token[..3]), "{what}: {token} beside {at}");
            }
            let (old, new) = (token_at(&store, OLD).await, token_at(&store, NEW).await);
            assert!(old.as_ref().is_none_or(|token| token.starts_with("old-")), "{what}: {old:?}");
            assert!(new.as_ref().is_none_or(|token| token.starts_with("new-")), "{what}: {new:?}");
            // What was there and was not to go is there.
            assert!(old.is_some() || change == 3, "{what}: the old one is lost");
            assert!(new.is_some() || is_old_form, "{what}: the new one is lost");
            if done.is_ok() {
                match change {
                    0 => assert_eq!(new.as_deref(), Some("new-2"), "{what}"),
                    1 => assert_eq!(old.as_deref(), Some("old-2"), "{what}"),
                    2 => {}
                    _ => assert_eq!(old, None, "{what}"),
                }
                assert!(ends_after > 0, "{what}: nothing was changed, so nothing was tried");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_widely_readable_token_file_becomes_private_when_written() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("session");
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(home.path().join("url"), "http://a").unwrap();
    Store::in_folder(home.path().into()).save(&url("http://a"), &Secret::new("t")).await.unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn the_fallback_is_read_but_never_written() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(other.path().join("url"), "https://other.example.com\n").unwrap();
    std::fs::write(other.path().join("session"), "other\n").unwrap();
    let store = without_keyring(ours.path(), Some(other.path()));
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "other");

    store.save(&url("https://ours.example.com"), &Secret::new("ours")).await.unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "ours");
    assert_eq!(store.all().await.sessions.len(), 2);
    store.forget(&url("https://ours.example.com")).await.unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().token.expose(), "other");
    assert_eq!(token_at(&store, "https://other.example.com").await.as_deref(), Some("other"));
    store.forget(&url("https://other.example.com")).await.unwrap();
    assert_eq!(std::fs::read_to_string(other.path().join("session")).unwrap(), "other\n", "not ours to remove");
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
    std::fs::write(home.path().join("url"), "https://a").unwrap();
    std::fs::write(home.path().join("accounts.json"), "{").unwrap();
    // A list that cannot be read is not written over.
    assert!(matches!(store.save(&url("https://b"), &Secret::new("t")).await, Err(SessionError::Index(..))));
    assert_eq!(std::fs::read_to_string(home.path().join("accounts.json")).unwrap(), "{");
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
