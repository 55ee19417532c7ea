//! Errors as the libraries make them, and the sentence that people read. The real ones are a port that refuses, a name that
//! nobody has, a certificate that nobody signed, and servers that are silent or speak something else.

use std::sync::Arc;
use std::time::Duration;

use proto::secret::Secret;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite;
use url::Url;

use super::*;
use crate::error::{ClientError, chain, with_causes};
use crate::{Deployment, TailnetApi, socket};

fn system(code: i32) -> Box<dyn Error> {
    Box::new(io::Error::from_raw_os_error(code))
}

fn tls(error: rustls::Error) -> Box<dyn Error> {
    Box::new(io::Error::new(io::ErrorKind::InvalidData, error))
}

fn bad_certificate(why: CertificateError) -> Box<dyn Error> {
    tls(rustls::Error::InvalidCertificate(why))
}

#[test]
fn each_reason_is_one_sentence_with_a_next_step() {
    use nix::libc::{ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, EPIPE, ETIMEDOUT};
    let lookup = |why: &str| Box::new(io::Error::other(format!("failed to lookup address information: {why}")));
    let proxy = |error: io::Error| Box::new(StreamError::Proxy("proxy.test:3128".into(), error));
    let refused = || io::Error::from_raw_os_error(ECONNREFUSED);
    let table: Vec<(Box<dyn Error>, &str)> = vec![
        (system(ECONNREFUSED), "nothing listens there (connection refused)"),
        (Box::new(StreamError::Connect(refused())), "nothing listens there (connection refused)"),
        (lookup("Name or service not known"), "its name is not found"),
        (lookup("No address associated with hostname"), "its name is not found"),
        (
            lookup("Temporary failure in name resolution"),
            "its name cannot be looked up, because no name server answers",
        ),
        (system(ETIMEDOUT), "it does not answer in time"),
        (system(EHOSTUNREACH), "no network leads there"),
        (system(ENETUNREACH), "no network leads there"),
        (system(ECONNRESET), "the connection broke off"),
        (system(EPIPE), "the connection broke off"),
        (Box::new(tungstenite::Error::Io(refused())), "nothing listens there (connection refused)"),
        (Box::new(tungstenite::Error::ConnectionClosed), "the connection broke off"),
        (
            bad_certificate(CertificateError::UnknownIssuer),
            "its certificate is not trusted (this system does not know who signed it)",
        ),
        (
            bad_certificate(CertificateError::Expired),
            "its certificate is not valid now (it expired, or this computer's clock is wrong)",
        ),
        (bad_certificate(CertificateError::NotValidForName), "its certificate is for another name"),
        (bad_certificate(CertificateError::Revoked), "its certificate is not accepted (Revoked)"),
        (
            tls(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)),
            "it does not speak HTTPS there",
        ),
        (
            proxy(refused()),
            "the HTTP proxy proxy.test:3128 leads there and cannot be used: nothing listens there (connection refused)",
        ),
        (Box::new(io::Error::other("strange\u{1b}[31m")), "strange [31m"),
    ];
    for (error, expect) in table {
        let cause = Cause::of(error.as_ref());
        assert_eq!(cause.to_string(), expect, "{error:?}");
        assert!(cause.next_step().len() > 15, "{cause:?}");
    }
}

/// What is said of a deployment by REST, by a socket and by RPC, each with the whole chain for logs.
async fn said(url: &str) -> [String; 3] {
    let url = Url::parse(url).unwrap();
    let deployment = Deployment::new(url.clone(), Secret::new("canary")).unwrap();
    let rest = deployment.build_info().await.unwrap_err();
    let stream = socket::dial(&deployment, &mut deployment.address(&["x"])).await.err().unwrap();
    let dialled = TailnetApi::dial_user(&url, &Secret::new("canary"), None).await.err().unwrap();
    assert!(chain(&rest).contains("error sending request"), "logs have it all: {}", chain(&rest));
    assert!(rest.next_step().is_some() && stream.next_step().is_some());
    [with_causes(&rest), with_causes(&stream), with_causes(&dialled)]
}

/// All three say the same.
async fn check(url: &str, expect: &str) {
    for text in said(url).await {
        assert_eq!(text, format!("cannot reach {}: {expect}", url.trim_end_matches('/')));
    }
}

#[tokio::test]
async fn real_failures_are_read() {
    let refuses = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    check(&format!("http://{refuses}"), "nothing listens there (connection refused)").await;
    check(&format!("https://{refuses}"), "nothing listens there (connection refused)").await;
    let other = talker(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").await;
        // Whoever closes with something unread resets what was sent.
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    check(&format!("https://{other}"), "it does not speak HTTPS there").await;
    check(&format!("http://{other}"), "it does not speak HTTP there").await;
}

#[tokio::test]
async fn a_name_that_nobody_has_is_said() {
    // A machine without a name server cannot tell them from each other.
    let expected = [Cause::NoName, Cause::NoNameServer, Cause::TimedOut];
    for text in said("http://nobody.invalid").await {
        let known = expected.iter().any(|cause| text == format!("cannot reach http://nobody.invalid: {cause}"));
        assert!(known, "{text}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_said_and_the_step_is_no_way_round() {
    let untrusted = secure(&["localhost"]).await;
    let expect = "its certificate is not trusted (this system does not know who signed it)";
    check(&format!("https://localhost:{}", untrusted.port()), expect).await;
    let deployment = Deployment::anonymous(format!("https://localhost:{}", untrusted.port()).parse().unwrap()).unwrap();
    let step = deployment.build_info().await.unwrap_err().next_step().unwrap();
    assert!(step.contains("certificate authority") && step.contains("do not trust it"), "{step}");
}

#[tokio::test]
async fn silence_is_no_refusal() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    crate::tls::install();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(200)).build().unwrap();
    let late = client.get(&url).send().await.unwrap_err();
    assert_eq!(Cause::of(&late), Cause::TimedOut);
    let late = tokio::time::timeout(Duration::ZERO, std::future::pending::<()>()).await.unwrap_err();
    assert_eq!(Cause::of(&late), Cause::TimedOut);
    let error = ClientError::unreachable(url.clone(), late.into());
    assert_eq!(with_causes(&error), format!("cannot reach {url}: it does not answer in time"));
}

/// A server that does this with every connection.
async fn talker<F: Future<Output = ()> + Send + 'static>(
    talk: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream));
        }
    });
    address
}

/// A server with a certificate that it made itself.
async fn secure(names: &[&str]) -> std::net::SocketAddr {
    crate::tls::install();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    talker(move |stream| {
        let acceptor = acceptor.clone();
        async move { drop(acceptor.accept(stream).await) }
    })
    .await
}
