//! Twenty starts at once, a stale socket, and what a second start hands over.

use super::*;

#[tokio::test]
async fn of_twenty_starts_one_is_the_first_and_hears_the_others() {
    let folder = tempfile::tempdir().unwrap();
    // Left over by one that was killed.
    drop(UnixListener::bind(folder.path().join(SOCKET)).unwrap());
    let (events, mut heard) = mpsc::channel(100);
    let starts = (0..20).map(|number| {
        let (folder, events) = (folder.path().to_owned(), events.clone());
        tokio::spawn(async move {
            let arguments = Arguments { link: Some(format!("homeport://{number}")), ..Arguments::default() };
            match take(&folder, &arguments).await.unwrap() {
                Instance::First(first) => {
                    first.listen(events);
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
    let mut links = std::collections::BTreeSet::new();
    while links.len() < 19 {
        let Event::Link(link) = timeout(LIMIT, heard.recv()).await.unwrap().unwrap() else { panic!("no link") };
        links.insert(link);
    }
}

#[tokio::test]
async fn nonsense_is_not_answered_and_a_bare_start_is_a_word_too() {
    let folder = tempfile::tempdir().unwrap();
    let Ok(Instance::First(first)) = take(folder.path(), &Arguments::default()).await else { panic!("not the first") };
    let (events, mut heard) = mpsc::channel(100);
    first.listen(events);
    for nonsense in ["\n", "{\"link\":7}\n", "7\n", "x"] {
        let mut stream = UnixStream::connect(folder.path().join(SOCKET)).await.unwrap();
        stream.write_all(nonsense.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty(), "{nonsense:?}");
    }
    assert!(matches!(take(folder.path(), &Arguments::default()).await, Ok(Instance::Second)));
    assert!(matches!(heard.recv().await, Some(Event::StartedAgain)));
}
