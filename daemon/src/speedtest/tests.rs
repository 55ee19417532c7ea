//! Tests of the speed test, in virtual time.

use super::*;

#[test]
fn hostile_requests_are_named_errors() {
    let check = |given: &str, expect: Result<(Direction, Duration), RequestError>| {
        assert_eq!(parse(given.as_bytes()), expect, "{given}");
    };
    let five = Duration::from_secs(5);
    check(r#"{"version":2,"time":5000000000,"direction":0}"#, Ok((Direction::Download, five)));
    check(r#"{"version":2,"time":5000000000,"direction":1,"more":[]}"#, Ok((Direction::Upload, five)));
    check(r#"{"version":1,"time":5000000000,"direction":0}"#, Err(RequestError::Version(1)));
    check(r#"{"version":2,"time":4999999999,"direction":0}"#, Err(RequestError::Duration));
    check(r#"{"version":2,"time":30000000001,"direction":0}"#, Err(RequestError::Duration));
    check(r#"{"version":2,"time":-1,"direction":0}"#, Err(RequestError::Duration));
    check(r#"{"version":2,"time":5000000000,"direction":2}"#, Err(RequestError::Direction));
    check(r#"{"version":2,"time":5000000000,"direction":256}"#, Err(RequestError::Malformed));
    check(r#"{"version":2}"#, Err(RequestError::Malformed));
    check(&"[".repeat(REQUEST_LIMIT), Err(RequestError::Malformed));
    check("", Err(RequestError::Malformed));
    check("\u{0}", Err(RequestError::Malformed));
}

async fn ask(line: &str) -> (tokio::io::DuplexStream, tokio::task::JoinHandle<io::Result<()>>, Vec<u8>) {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let serving = tokio::spawn(measure(server));
    client.write_all(line.as_bytes()).await.unwrap();
    let reply = read_line(&mut client).await.unwrap();
    (client, serving, reply)
}

#[tokio::test(start_paused = true)]
async fn a_download_sends_noise_until_its_time_is_over() {
    let (mut client, serving, reply) = ask("{\"version\":2,\"time\":5000000000,\"direction\":0}\n").await;
    assert_eq!(reply, b"{}");
    let mut block = vec![0; BLOCK];
    client.read_exact(&mut block).await.unwrap();
    assert!(block.iter().any(|byte| *byte != block[0]));
    // The sender is blocked by our silence, so virtual time runs to the end of the test; then it finishes its block.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest.len() % BLOCK, 0);
    serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_taken_until_the_client_closes() {
    let (mut client, serving, reply) = ask("{\"version\":2,\"time\":5000000000,\"direction\":1}\n").await;
    assert_eq!(reply, b"{}");
    client.write_all(&vec![1; BLOCK + 5]).await.unwrap();
    drop(client);
    serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn refusals_and_silence_end_the_connection() {
    let (mut client, serving, reply) = ask("{\"version\":9,\"time\":1,\"direction\":0}\n").await;
    assert_eq!(reply, br#"{"error":"speed test version 9 is not supported, only 2"}"#);
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    serving.await.unwrap().unwrap();
    let (_silent, server) = tokio::io::duplex(64);
    assert!(measure(server).await.is_err(), "a silent client is not waited for");
    let (mut stuck, serving, _) = ask("{\"version\":2,\"time\":5000000000,\"direction\":0}\n").await;
    assert!(serving.await.unwrap().is_err(), "a client that reads nothing is given up");
    assert!(stuck.read(&mut [0; 8]).await.unwrap() > 0);
}
