//! Tests of the terminal port over an in-memory stream.

use super::*;
use crate::session::{Facts, Policy, SSH_MAX_TIMEOUT, SessionChange};
use tokio::io::DuplexStream;

const ID: &str = "7f9c1d6e-6d0c-4c0e-9d4d-0a5b4a5f0c11";

fn connect(terminals: &Arc<Terminals>) -> DuplexStream {
    let (client, server) = tokio::io::duplex(64 * 1024);
    tokio::spawn(Arc::clone(terminals).serve(server, None));
    client
}

async fn open(terminals: &Arc<Terminals>, header: &str) -> DuplexStream {
    let mut client = connect(terminals);
    let framed = [&(header.len() as u16).to_le_bytes()[..], header.as_bytes()].concat();
    client.write_all(&framed).await.unwrap();
    client
}

async fn read_until(client: &mut DuplexStream, end: &str) -> String {
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.ends_with(end) {
        let n = client.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "the terminal ended after {seen:?}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    seen
}

#[tokio::test]
async fn a_client_that_returns_finds_its_terminal() {
    let (context, mut events) = SessionContext::new(Facts::default(), Policy::default(), SSH_MAX_TIMEOUT);
    let terminals = Terminals::new(Arc::clone(&context));
    let header = format!(
        r#"{{"ID":"{ID}","Height":30,"Width":100,"Command":"stty -echo; stty size; echo $TERM; read a; echo got $a; read b; exit"}}"#
    );
    let mut client = open(&terminals, &header).await;
    assert_eq!(read_until(&mut client, "color\r\n").await, "30 100\r\nxterm-256color\r\n");
    assert_eq!(context.counts.open(SessionKind::ReconnectingPty), 1);
    drop(client);
    let mut client = open(&terminals, &header).await;
    assert_eq!(read_until(&mut client, "color\r\n").await, "30 100\r\nxterm-256color\r\n", "the replay");
    client.write_all(b"{\"data\":\"hi\\n\"}").await.unwrap();
    assert_eq!(read_until(&mut client, "\r\n").await, "got hi\r\n");
    client.write_all(b"{\"data\":\"\\n\"}").await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    let mut changes = Vec::new();
    for _ in 0..4 {
        changes.push(events.recv().await.unwrap().change);
    }
    let left = SessionChange::Disconnected { exit_code: 0, reason: None };
    assert_eq!(changes.iter().filter(|change| **change == left).count(), 2);
    // The id is free again once the program is gone.
    let running: Vec<_> = terminals.lock().values().cloned().collect();
    for terminal in running {
        terminal.ended().await;
    }
    let again = format!(r#"{{"ID":"{ID}","Command":"echo new"}}"#);
    let mut client = open(&terminals, &again).await;
    assert_eq!(read_until(&mut client, "\r\n").await, "new\r\n");
}

#[tokio::test]
async fn refusals_are_shown_where_the_terminal_would_be() {
    let (context, _events) = SessionContext::new(Facts::default(), Policy::default(), SSH_MAX_TIMEOUT);
    let terminals = Terminals::new(context);
    let mut client = open(&terminals, &format!(r#"{{"ID":"{ID}","Container":"db"}}"#)).await;
    let mut shown = String::new();
    client.read_to_string(&mut shown).await.unwrap();
    assert_eq!(shown, "this workspace daemon does not open terminals in containers\r\n");
    let mut client = open(&terminals, "{}").await;
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0, "nonsense only closes");
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_not_waited_for() {
    let (context, _events) = SessionContext::new(Facts::default(), Policy::default(), SSH_MAX_TIMEOUT);
    let mut client = connect(&Terminals::new(context));
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
}

#[test]
fn the_locale_is_recognised() {
    let check =
        |variables: [Option<&str>; 3], expect: bool| assert_eq!(speaks_utf8(variables), expect, "{variables:?}");
    check([None, None, None], false);
    check([None, None, Some("en_US.UTF-8")], true);
    check([None, Some("C.utf8"), Some("C")], true);
    check([Some("C"), None, Some("en_US.UTF-8")], false);
    check([Some(""), None, Some("de_DE.utf-8")], true);
}
