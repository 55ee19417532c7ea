//! Our SSH client against the workspace daemon's SSH server, over a pipe in this process.

use std::time::Duration;

use bytes::Bytes;
use daemon::session::{Facts, Policy, SessionContext};
use tokio::sync::mpsc;

use super::*;

/// Runs a command and gives its exit code, output and error output.
async fn session(command: &str, input: &[&'static [u8]], wanted: Wanted) -> (anyhow::Result<u8>, String, String) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (context, _events) = SessionContext::new(Facts::default(), Policy::default(), Duration::from_secs(60));
    let server = tokio::spawn(async move { daemon::ssh::serve(theirs, None, context).await });
    let (typing, typed) = mpsc::channel(input.len().max(1));
    for data in input {
        typing.send(Bytes::from_static(data)).await.unwrap();
    }
    drop(typing);
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let streams = Streams { input: typed, output: &mut output, errors: &mut errors };
    let wanted = Wanted { command: Some(command.to_owned()), ..wanted };
    let code = run(ours, wanted, streams).await;
    server.abort();
    (code, String::from_utf8(output).unwrap(), String::from_utf8(errors).unwrap())
}

#[tokio::test]
async fn commands_give_their_output_and_exit_code() {
    async fn check(command: &str, input: &[&'static [u8]], expect: (u8, &str, &str)) {
        let (code, output, errors) = session(command, input, Wanted::default()).await;
        assert_eq!((code.unwrap(), output.as_str(), errors.as_str()), expect, "{command}");
    }
    check("true", &[], (0, "", "")).await;
    check("exit 7", &[], (7, "", "")).await;
    check("echo out; echo err >&2; exit 255", &[], (255, "out\n", "err\n")).await;
    check("cat", &[b"one ", b"two"], (0, "one two", "")).await;
    check("cat; exit 3", &[], (3, "", "")).await;
    check("kill -9 $$", &[], (255, "", "")).await;
}

#[tokio::test]
async fn variables_reach_the_command() {
    let wanted = Wanted { variables: vec![("HOMEPORT_TEST".into(), "a b".into())], ..Wanted::default() };
    let (code, output, _) = session("echo $HOMEPORT_TEST", &[], wanted).await;
    assert_eq!((code.unwrap(), output.as_str()), (0, "a b\n"));
}

#[tokio::test]
async fn a_command_can_have_a_terminal() {
    let wanted = Wanted { terminal: true, ..Wanted::default() };
    let (code, output, _) = session("test -t 1 && echo terminal", &[], wanted).await;
    assert_eq!((code.unwrap(), output.trim_end()), (0, "terminal"));
}

#[tokio::test]
async fn a_connection_that_ends_early_is_an_error() {
    let (ours, theirs) = tokio::io::duplex(1024);
    drop(theirs);
    let (_typing, input) = mpsc::channel(1);
    let streams = Streams { input, output: std::io::sink(), errors: std::io::sink() };
    assert!(run(ours, Wanted::default(), streams).await.is_err());
}
