//! Tests of a terminal's life, in virtual time where time matters.

use super::*;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_terminal_is_abandoned_after_its_last_client_left() {
    let (first, idle) = (Duration::from_secs(30), Duration::from_secs(300));
    // Attached counts over time (after so many seconds), and when the terminal is given up.
    let check = async |steps: &[(u64, usize)], expect: u64| {
        let (sender, receiver) = watch::channel(0);
        let start = Instant::now();
        let waiting = tokio::spawn(async move {
            abandoned(receiver, first, idle).await;
            start.elapsed().as_secs()
        });
        for (at, count) in steps {
            tokio::time::sleep_until(start + Duration::from_secs(*at)).await;
            sender.send_replace(*count);
        }
        assert_eq!(waiting.await.unwrap(), expect, "{steps:?}");
    };
    check(&[], 30).await;
    check(&[(29, 1), (40, 0)], 340).await;
    check(&[(1, 1), (2, 2), (3, 1), (1000, 0)], 1300).await;
    check(&[(1, 1), (10, 0), (309, 1), (500, 0)], 800).await;
}

#[tokio::test]
async fn who_attaches_later_sees_what_happened_and_the_end() {
    let launch = crate::command::Launch {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), "stty -echo; echo one; read line; echo got $line; read line; stty size".into()],
        environment: std::env::vars_os().collect(),
        directory: "/".into(),
    };
    let terminal = Terminal::start(&launch, Size::clamped(80, 24, 0, 0)).unwrap();
    let mut first = terminal.attach().unwrap();
    let mut seen = first.replay.clone();
    while !seen.ends_with(b"one\r\n") {
        seen.extend(first.output.recv().await.unwrap());
    }
    let second = terminal.attach().unwrap();
    assert_eq!(second.replay, b"one\r\n");
    drop(first);
    terminal.write("two\n").await.unwrap();
    let mut second_seen = Vec::new();
    let mut second = second;
    while !second_seen.ends_with(b"got two\r\n") {
        second_seen.extend(second.output.recv().await.unwrap());
    }
    terminal.resize(Size::clamped(111, 33, 0, 0)).unwrap();
    terminal.write("\n").await.unwrap();
    while let Some(chunk) = second.output.recv().await {
        second_seen.extend(chunk);
    }
    assert_eq!(String::from_utf8_lossy(&second_seen), "got two\r\n33 111\r\n");
    terminal.ended().await;
    assert!(terminal.attach().is_none(), "nobody attaches to a terminal that is over");
}
