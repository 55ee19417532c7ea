//! What a question looks like, which answers are believed, and the listener against whoever knocks.
#![allow(clippy::unwrap_used)]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::question::MAX_CODE;
use super::*;

fn question(seed: u8) -> Question {
    let mut random = [0; RANDOM];
    for (index, byte) in (0u8..).zip(random.iter_mut()) {
        *byte = seed.wrapping_add(index);
    }
    Question::of(&random)
}

fn state(page: &Url) -> String {
    page.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

#[test]
fn the_page_names_the_question_and_no_secret() {
    for (base, expect) in [
        ("https://dev.example.com", "https://dev.example.com/hand-off?"),
        ("https://dev.example.com/sub/?x=1#y", "https://dev.example.com/sub/hand-off?"),
    ] {
        let asked = question(0);
        let page = asked.page(&Url::parse(base).unwrap(), 4321);
        assert!(page.as_str().starts_with(expect), "{page}");
        assert!(!page.as_str().contains(asked.verifier.expose()), "{page}");
        let pairs: Vec<_> = page.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(pairs, ["port", "state", "challenge"]);
        assert!(state(&page).starts_with(asked.word()) && state(&page).len() == 32, "{page}");
        let challenge = page.query_pairs().find(|(name, _)| name == "challenge").unwrap().1.into_owned();
        let made_of = Sha256::digest(asked.verifier.expose().as_bytes());
        assert_eq!(URL_SAFE_NO_PAD.decode(challenge).unwrap(), made_of.as_slice());
    }
    assert_ne!(question(0).state, question(1).state);
    assert_ne!(question(0).verifier.expose(), question(1).verifier.expose());
}

#[test]
fn only_the_answer_to_this_question_is_believed() {
    let asked = question(0);
    let (right, other) = (asked.state.clone(), question(1).state);
    let host = "127.0.0.1:4321";
    let long = "x".repeat(MAX_CODE + 1);
    #[rustfmt::skip]
    let rows = [
        ("GET", host, format!("/?code=abc&state={right}"), "code"),
        ("GET", host, format!("/?state={right}&code=abc"), "code"),
        ("GET", host, format!("/?refused=1&state={right}"), "refused"),
        ("GET", host, format!("/?code=abc&state={other}"), "foreign"),
        ("GET", host, format!("/?refused=1&state={other}"), "foreign"),
        ("GET", host, "/?code=abc".into(), "foreign"),
        ("GET", host, format!("/?state={right}"), "foreign"),
        ("GET", host, format!("/?code=&state={right}"), "foreign"),
        ("GET", host, format!("/?code={long}&state={right}"), "foreign"),
        ("GET", host, format!("/favicon.ico?code=abc&state={right}"), "foreign"),
        ("GET", host, String::new(), "foreign"),
        ("POST", host, format!("/?code=abc&state={right}"), "foreign"),
        ("GET", "127.0.0.1:4322", format!("/?code=abc&state={right}"), "foreign"),
        ("GET", "localhost:4321", format!("/?code=abc&state={right}"), "foreign"),
        ("GET", "evil.example:4321", format!("/?code=abc&state={right}"), "foreign"),
        ("GET", "", format!("/?code=abc&state={right}"), "foreign"),
    ];
    for (method, host, target, expect) in rows {
        let got = match asked.judge(4321, method, host, &target) {
            Verdict::Code(code) => {
                assert_eq!(code.expose(), "abc");
                "code"
            }
            Verdict::Refused => "refused",
            Verdict::Foreign => "foreign",
        };
        assert_eq!(got, expect, "{method} {host} {target}");
    }
}

/// What the listener answers to these bytes.
async fn say(port: u16, bytes: String) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // One that is turned away may be reset.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn get(port: u16, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
}

#[tokio::test]
async fn strangers_and_silent_connections_do_not_end_the_waiting_and_one_answer_does() {
    let mut listener = listen::Listener::open(question(0)).await.unwrap();
    let (port, right) = (listener.port(), listener.question().state.clone());
    // What a browser opens ahead, and never uses.
    let _silent = [
        TcpStream::connect(("127.0.0.1", port)).await.unwrap(),
        TcpStream::connect(("127.0.0.1", port)).await.unwrap(),
    ];
    for bytes in [
        get(port, "/favicon.ico"),
        get(port, &format!("/?code=evil&state={}", question(1).state)),
        format!("GET /?code=evil&state={right} HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    ] {
        let answer = say(port, bytes.clone()).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{bytes}\n{answer}");
    }
    assert!(!say(port, format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000))).await.contains("200 OK"));

    let answer = say(port, get(port, &format!("/?code=good&state={right}")));
    let program = async {
        let answer = listener.answer().await;
        assert_eq!(answer.code.as_ref().unwrap().expose(), "good");
        // The same link again finds that it was answered.
        let again = say(port, get(port, &format!("/?code=evil&state={right}"))).await;
        listener.show(answer.browser, "You are <in>.".into()).await;
        again
    };
    let (answer, again) = tokio::join!(answer, async {
        let program = tokio::time::timeout(Duration::from_secs(20), program).await;
        program.unwrap()
    });
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("You are &lt;in&gt;."), "{answer}");
    assert!(answer.contains("default-src 'none'") && answer.contains("no-store"), "{answer}");
    assert!(again.starts_with("HTTP/1.1 409"), "{again}");
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "it listens no more");
}
