//! What is remembered is private and survives; a daemon is believed by its lock.

use std::os::unix::fs::PermissionsExt;

use proto::id::WorkspaceId;
use proto::secret::Secret;

use super::{Files, Registration};

fn files(home: &std::path::Path) -> Files {
    let home = home.to_str().unwrap().to_owned();
    Files::of(|name| (name == "HOME").then(|| home.clone())).unwrap()
}

#[test]
fn a_registration_is_kept_and_forgotten_with_its_token() {
    let home = tempfile::tempdir().unwrap();
    let files = files(home.path());
    assert_eq!(files.load().unwrap(), None);
    let registration = Registration {
        url: "https://dev.example.com/".into(),
        workspace: WorkspaceId::default(),
        name: "laptop".into(),
        owner: "ann".into(),
        daemon: "main".into(),
        is_paused: true,
    };
    files.save(&registration).unwrap();
    files.save_token(&Secret::new("canary")).unwrap();
    assert_eq!(files.load().unwrap(), Some(registration));
    for (path, mode) in [(files.folder().to_owned(), 0o700), (files.token(), 0o600), (files.registration(), 0o600)] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    files.forget().unwrap();
    assert_eq!(files.load().unwrap(), None);
    assert!(!files.token().exists());
    files.forget().unwrap();

    std::fs::write(files.registration(), "{}").unwrap();
    assert_eq!(files.load().unwrap_err().kind(), std::io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn a_daemon_runs_while_its_lock_is_held() {
    let home = tempfile::tempdir().unwrap();
    let files = files(home.path());
    assert!(!files.is_running() && files.ask().await.is_none());
    std::fs::create_dir_all(files.folder()).unwrap();
    let lock = std::fs::File::create(files.folder().join("daemon.lock")).unwrap();
    assert!(!files.is_running(), "a lock that nobody holds is left from before");
    lock.lock().unwrap();
    assert!(files.is_running());
    drop(lock);
    assert!(!files.is_running());
}
