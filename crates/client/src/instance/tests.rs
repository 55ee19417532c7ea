//! Twenty starts at once, a stale socket, nonsense, and what a second start hands over and hears.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::*;

fn seat(folder: &Path) -> Seat {
    let limit = Duration::from_secs(20);
    Seat { program: "a-program", folder: folder.join("private"), stem: "a", max_line: 100, limit }
}

#[tokio::test]
async fn of_twenty_starts_one_is_the_first_and_hears_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let seat = seat(folder.path());
    // Left over by one that was killed.
    make_private_folder(&seat.folder).unwrap();
    drop(UnixListener::bind(seat.file("sock")).unwrap());
    let heard = Arc::new(Mutex::new(BTreeSet::new()));
    let starts = (0..20).map(|number| {
        let (seat, heard) = (seat.clone(), Arc::clone(&heard));
        tokio::spawn(async move {
            match seat.take(&number.to_string()).await.unwrap() {
                Instance::First(first) => {
                    tokio::spawn(first.listen(move |line| {
                        heard.lock().unwrap().insert(line);
                        std::future::ready(Some(Ok(())))
                    }));
                    true
                }
                Instance::Second => false,
            }
        })
    });
    let starts: Vec<_> = starts.collect();
    let mut firsts = 0;
    for start in starts {
        firsts += usize::from(start.await.unwrap());
    }
    assert_eq!(firsts, 1);
    assert_eq!(heard.lock().unwrap().len(), 19, "each was heard before it was answered");
}

#[tokio::test]
async fn nonsense_is_not_answered_a_refusal_is_told_and_a_long_line_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let seat = seat(folder.path());
    let Ok(Instance::First(first)) = seat.clone().take("").await else { panic!("not the first") };
    tokio::spawn(first.listen(|line| {
        std::future::ready(match line.trim_end() {
            "good" => Some(Ok(())),
            "no" => Some(Err("there is no such page".into())),
            _ => None,
        })
    }));
    for nonsense in ["\n", "7\n", "x"] {
        let mut stream = UnixStream::connect(seat.file("sock")).await.unwrap();
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty(), "{nonsense:?}");
    }
    assert!(matches!(seat.clone().take("good").await, Ok(Instance::Second)));
    assert_eq!(seat.clone().take("no").await.err().as_deref(), Some("there is no such page"));
    assert!(seat.clone().take(&("x".repeat(100) + "good")).await.is_err());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&seat.folder).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn the_folder_is_the_sessions_or_the_one_for_state() {
    let with = |known: &'static [(&'static str, &'static str)]| {
        folder(|name| known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    };
    assert_eq!(with(&[("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/h")]), Some("/run/user/7/homeport".into()));
    assert_eq!(with(&[("XDG_RUNTIME_DIR", "relative"), ("HOME", "/h")]), Some("/h/.local/state/homeport".into()));
    assert_eq!(with(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]), Some("/s/homeport".into()));
    assert_eq!(with(&[]), None);
}
