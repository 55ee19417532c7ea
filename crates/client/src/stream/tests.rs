//! A way through a proxy in this process, and what is said when there is none.

use std::error::Error;

use tokio::net::TcpListener;

use super::*;

/// A proxy that hears one request, gives this answer and then repeats what it gets. What it heard is the result.
async fn proxy(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut piece = [0; 64];
        while let Ok(length) = stream.read(&mut piece).await
            && length > 0
        {
            stream.write_all(&piece[..length]).await.unwrap();
        }
        String::from_utf8(head).unwrap()
    });
    (address, heard)
}

fn proxies(url: &str) -> Proxies {
    Proxies::from_variables(|name| (name == "HTTP_PROXY").then(|| url.to_owned()))
}

/// An error with its causes.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn a_proxy_leads_to_the_deployment_with_its_login() {
    let (address, heard) = proxy("HTTP/1.1 200 Well\r\n\r\n").await;
    let by = proxies(&format!("http://ann:swordfish@{address}"));
    let mut stream = open_by(&"http://server.test:7080/".parse().unwrap(), &by).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut echoed = [0; 5];
    stream.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"hello");
    drop(stream);
    let heard = heard.await.unwrap();
    assert!(heard.starts_with("CONNECT server.test:7080 HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains("\r\nProxy-Authorization: Basic YW5uOnN3b3JkZmlzaA==\r\n"), "{heard}");
}

#[tokio::test]
async fn a_proxy_that_does_not_lead_is_named_and_its_password_is_not() {
    async fn check(answer: &'static str, expect: impl Fn(&str) -> String) {
        let (address, _heard) = proxy(answer).await;
        let by = proxies(&format!("http://ann:swordfish@{address}"));
        let error = open_by(&"http://server.test:7080/".parse().unwrap(), &by).await.err().unwrap();
        assert_eq!(told(&error), expect(&address));
        assert!(!format!("{error:?}").contains("swordfish"));
    }
    check("HTTP/1.1 403 No\r\n\r\n", |proxy| {
        format!("the HTTP proxy {proxy} refuses to lead to server.test:7080 (HTTP status 403)")
    })
    .await;
    check("HTTP/1.1 407 Who?\r\n\r\n", |proxy| {
        format!(
            "the HTTP proxy {proxy} wants a login before it leads to server.test:7080 (HTTP status 407): put user and password into HTTPS_PROXY"
        )
    })
    .await;
    check("SSH-2.0-server\r\n\r\n", |proxy| format!("the answer of the HTTP proxy {proxy} cannot be read")).await;
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let error = open_by(&"http://server.test:7080/".parse().unwrap(), &proxies(&closed)).await.err().unwrap();
    assert!(told(&error).starts_with(&format!("cannot connect to the HTTP proxy {closed}: ")), "{}", told(&error));
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let error = open_by(&"http://server.test:7080/".parse().unwrap(), &proxies(&address)).await.err().unwrap();
    assert_eq!(told(&error), format!("cannot connect to the HTTP proxy {address}: timed out"));
}

#[tokio::test]
async fn this_computer_is_reached_without_a_proxy() {
    let (address, heard) = proxy("").await;
    let url: Url = format!("http://{address}/").parse().unwrap();
    let mut stream = open_by(&url, &proxies("http://127.0.0.1:9")).await.unwrap();
    stream.write_all(b"GET /\r\n\r\n").await.unwrap();
    drop(stream);
    assert_eq!(heard.await.unwrap(), "GET /\r\n\r\n");
}
