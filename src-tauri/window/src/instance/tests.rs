//! Twenty starts at once, a stale socket, and what a second start hands over and hears.

use std::sync::{Arc, Mutex};

use super::*;

#[tokio::test]
async fn of_twenty_starts_one_is_the_first_and_hears_the_others() {
    let folder = tempfile::tempdir().unwrap();
    // Left over by one that was killed.
    drop(UnixListener::bind(folder.path().join(SOCKET)).unwrap());
    let heard = Arc::new(Mutex::new(std::collections::BTreeSet::new()));
    let starts = (0..20).map(|number| {
        let (folder, heard) = (folder.path().to_owned(), Arc::clone(&heard));
        tokio::spawn(async move {
            let arguments = Arguments { page: format!("/{number}"), ..Arguments::default() };
            match take(&folder, &arguments).await.unwrap() {
                Instance::First(first) => {
                    tokio::spawn(first.listen(move |arguments: Arguments| {
                        heard.lock().unwrap().insert(arguments.page);
                        std::future::ready(Ok(()))
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
async fn nonsense_is_not_answered_and_a_refusal_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Ok(Instance::First(first)) = take(folder.path(), &Arguments::default()).await else { panic!("not the first") };
    tokio::spawn(first.listen(|arguments: Arguments| {
        std::future::ready(match arguments.page.as_str() {
            "/no" => Err("there is no such page".into()),
            _ => Ok(()),
        })
    }));
    for nonsense in ["\n", "{\"page\":7}\n", "{\"page\":\"//x\"}\n", "7\n", "x"] {
        let mut stream = UnixStream::connect(folder.path().join(SOCKET)).await.unwrap();
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty(), "{nonsense:?}");
    }
    assert!(matches!(take(folder.path(), &Arguments::default()).await, Ok(Instance::Second)));
    let arguments = Arguments { page: "/no".into(), ..Arguments::default() };
    assert_eq!(take(folder.path(), &arguments).await.err().as_deref(), Some("there is no such page"));
}
